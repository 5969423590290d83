"""Labs of Penult: a folder with a topology becomes namespaces, links and running daemons.

    topology.py  reads the topology file        net.py      namespaces, links, bridges
    nodes.py     daemons and their readiness    lab.py      one running lab, for stories and tests
    capture.py   frames, label stacks, pings    teller.py   telling what happens, and checking it
    vm.py        a kernel with MPLS             cli.py      the command line
"""
