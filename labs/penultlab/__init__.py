"""Labs of Penult: a topology file, network namespaces, running daemons."""
