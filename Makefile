# Penult: one dependency graph, no recursion but the one that follows `deps`.
#
#   make demo     install what is needed, build, and watch routers build an LSP
#   make test     install what is needed, build, and run every test
#   make          build everything into build/
#   make lint     clang-tidy, cppcheck, clang-format, layering and purity
#   make doc      the command reference and the manual pages, into build/doc
#   make install  DESTDIR=, PREFIX=: programs, services, manual pages
#   make deps     only install what is needed (Debian 12)
#   WORKERS=4     so many test files at a time, where they mostly wait for protocols' own timers
#   SAN=1         address and undefined-behaviour sanitizers, in build/san

SAN ?=
O := build/$(if $(SAN),san,out)
PYTHON := /usr/bin/python3
WORKERS ?= 4
DAEMONS := fibd ldpd bfdd igpd l2vpnd l3vpnd
PROTOS := fib ldp bus bfd igp l2vpn l3vpn
CTLS := $(DAEMONS:d=ctl)
PROGRAMS := $(addprefix $(O)/bin/,$(DAEMONS) $(CTLS) penult)
# Numbered packets for labs: no daemon, no library of ours.
PACE := $(O)/bin/pace
# Stands where l2vpnd does, in labs of fibd alone.
CIRCUIT_FEED := $(O)/bin/circuit_feed

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all doc install uninstall test test-built test-unit test-sim test-fuzz fuzz fuzz-built test-native test-vm bench bench-programs demo demo-built deps lint lint-built clean

all: $(PROGRAMS) $(PACE) $(CIRCUIT_FEED)

# --- tools and flags ---------------------------------------------------------------------------

PACKAGES := libzmq libprotobuf-c libsystemd json-c libnl-3.0 libnl-route-3.0 nettle
PKG_CFLAGS = $(shell pkg-config --cflags $(PACKAGES))
PKG_LIBS = $(shell pkg-config --libs $(PACKAGES))
CHECK_LIBS = $(shell pkg-config --libs check)
SANFLAGS := $(if $(SAN),-fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all -fno-omit-frame-pointer,)
CFLAGS ?= -O2 -g
STD := -std=gnu11 -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla -Wundef
CPPFLAGS_ALL = -D_GNU_SOURCE -I. -Ilib -Itests -I$(O) $(PKG_CFLAGS)
COMPILE = @echo '  cc   $<'; $(CC) $(STD) $(CFLAGS) $(SANFLAGS) $(CPPFLAGS_ALL) -MMD -MP -c -o $@ $<
LINK = @echo '  link $@'; $(CC) $(CFLAGS) $(SANFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group

deps:
	@tools/deps

# --- rows: protobuf structures and what the bus, JSON and displays know of them -------------------

PROTO_OBJECTS := $(foreach p,$(PROTOS),$(O)/proto/$(p).pb-c.o) $(O)/proto/schema.o
PROTO_HEADERS := $(foreach p,$(PROTOS),$(O)/proto/$(p).pb-c.h) $(O)/proto/schema.gen.h $(O)/proto/options.pb-c.h

# The options are for the schema alone: what protoc-c makes of their import is an empty header.
$(O)/proto/options.pb-c.h:
	@mkdir -p $(@D)
	@echo '/* options carry no C */' > $@
$(O)/proto/%.pb-c.c $(O)/proto/%.pb-c.h &: proto/%.proto proto/options.proto
	@mkdir -p $(@D)
	@echo '  rows $<'; protoc-c -Iproto -I/usr/include --c_out=$(O)/proto $<
$(O)/proto/schema.c $(O)/proto/schema.gen.h &: proto/schema.py $(foreach p,$(PROTOS),proto/$(p).proto) proto/options.proto
	@mkdir -p $(@D)
	@protoc -Iproto -I/usr/include --include_imports --include_source_info -o $(O)/proto/all.desc $(foreach p,$(PROTOS),proto/$(p).proto)
	@$(PYTHON) proto/schema.py $(O)/proto/all.desc $(O)/proto/schema.c $(O)/proto/schema.gen.h
$(O)/proto/%.o: $(O)/proto/%.c $(PROTO_HEADERS)
	$(COMPILE)
$(O)/proto.a: $(PROTO_OBJECTS)
	@$(AR) rcsD $@ $^

# --- objects and archives ------------------------------------------------------------------------

$(O)/%.o: %.c | $(PROTO_HEADERS)
	@mkdir -p $(@D)
	$(COMPILE)

# What is not the engine: the wiring, the command line, and code that touches the kernel.
SHELL_FILES := main ctl commands display print realtime
engine_sources = $(filter-out $(addprefix $(1)/,$(SHELL_FILES:=.c) $(SHELL_FILES:=_%.c)),$(wildcard $(1)/*.c $(1)/rib/*.c $(1)/core/*.c $(1)/ospf/*.c $(1)/bgp/*.c $(1)/vpn/*.c))
objects = $(patsubst %.c,$(O)/%.o,$(1))

$(O)/lib/base.a: $(call objects,$(wildcard lib/base/*.c))
$(O)/lib/host.a: $(call objects,$(wildcard lib/host/*.c))
define daemon_rules
$(O)/$(1)/engine.a: $(call objects,$(call engine_sources,$(1)))
$(O)/$(1)/said.a: $(call objects,$(wildcard $(1)/commands*.c $(1)/display*.c $(1)/print*.c))
$(O)/bin/$(1): $(call objects,$(wildcard $(1)/main*.c $(1)/kernel/*.c $(1)/realtime*.c)) $(O)/$(1)/engine.a $(O)/$(1)/said.a
$(O)/bin/$(1:d=ctl): $(call objects,$(1)/ctl.c) $(O)/$(1)/engine.a $(O)/$(1)/said.a
endef
$(foreach d,$(DAEMONS),$(eval $(call daemon_rules,$(d))))
$(O)/bin/penult: $(call objects,$(wildcard penult/*.c)) $(foreach d,$(DAEMONS),$(O)/$(d)/said.a $(O)/$(d)/engine.a)
%.a:
	@rm -f $@
	@$(AR) rcsD $@ $^

# --- every command of every daemon: who owns a line of router.conf ----------------------------------

$(O)/gen/grammar: $(O)/tools/grammar.o $(foreach d,$(DAEMONS),$(O)/$(d)/said.a $(O)/$(d)/engine.a) $(O)/lib/host.a $(O)/lib/base.a $(O)/proto.a
	@mkdir -p $(@D)
	$(LINK) $(PKG_LIBS)
$(O)/gen/grammar.c: $(O)/gen/grammar
	@ASAN_OPTIONS=detect_leaks=0 $< > $@
$(O)/gen/grammar.o: $(O)/gen/grammar.c
	$(COMPILE)

$(PACE): $(O)/labs/pace.o
	@mkdir -p $(@D)
	$(LINK)

$(CIRCUIT_FEED): $(O)/labs/circuit_feed.o $(O)/tests/helper/feed_lines.o $(O)/lib/host.a $(O)/lib/base.a $(O)/proto.a $(O)/tests/helper/test_grammar.o
	@mkdir -p $(@D)
	$(LINK) $(PKG_LIBS)

$(PROGRAMS): $(O)/lib/host.a $(O)/lib/base.a $(O)/proto.a $(O)/gen/grammar.o
	@mkdir -p $(@D)
	$(LINK) $(PKG_LIBS)

# --- tests ------------------------------------------------------------------------------------------

# tests/sim: the simulator, which knows no protocol, and sim_*.c, a test each. tests/helper/PROTOCOL_*.c put an engine into
# it; what of them plays a peer by script is for unit tests alone.
SIM_SOURCES := $(wildcard tests/sim/sim_*.c)
SIM_OBJECTS := $(call objects,$(filter-out $(SIM_SOURCES),$(wildcard tests/sim/*.c)))
sim_adapter = $(call objects,$(filter-out %_script.c,$(wildcard $(patsubst %,tests/helper/%_*.c,$(1)))))

# tests/unit/FOLDER/test_*.c: one Check program each, on the very objects of the daemons; with tests/helper/PROTOCOL_*.c.
UNIT_SOURCES := $(wildcard tests/unit/*/test_*.c)
UNIT_TESTS := $(UNIT_SOURCES:tests/%.c=$(O)/tests/%)
# What is no test beside the tests serves all of them.
helper_sources = $(filter-out $(wildcard tests/unit/$(1)/test_*.c),$(wildcard tests/unit/$(1)/*.c))
define unit_rules
$(patsubst tests/%.c,$(O)/tests/%,$(wildcard tests/unit/$(1)/test_*.c)): $(2)
endef
$(eval $(call unit_rules,base,$(O)/lib/base.a))
# lib/host knows no daemon: its tests bring a small grammar of their own.
$(eval $(call unit_rules,host,$(O)/tests/helper/test_grammar.o $(O)/lib/host.a $(O)/lib/base.a $(O)/proto.a))
# What penult joins: the rows of every daemon.
$(eval $(call unit_rules,penult,$(foreach d,$(DAEMONS),$(O)/$(d)/said.a $(O)/$(d)/engine.a) $(O)/lib/host.a $(O)/lib/base.a $(O)/proto.a $(O)/gen/grammar.o))
$(O)/tests/unit/penult/test_references: $(O)/penult/daemons.o
$(foreach d,$(DAEMONS),$(eval $(call unit_rules,$(d),$(call objects,$(wildcard $(d)/kernel/*.c tests/helper/$(d:d=)_*.c) $(call helper_sources,$(d))) $(SIM_OBJECTS) $(O)/$(d)/engine.a $(O)/$(d)/said.a $(O)/lib/host.a $(O)/lib/base.a $(O)/proto.a $(O)/gen/grammar.o)))
$(O)/tests/unit/%: $(O)/tests/unit/%.o
	$(LINK) $(PKG_LIBS) $(CHECK_LIBS)

# tests/sim/sim_PROTOCOL.c (sim_sync: two of them): hundreds of engines on a virtual clock. One number makes a run; failures print it.
SIM_TESTS := $(SIM_SOURCES:%.c=$(O)/%)
define sim_rules
$(O)/tests/sim/sim_$(1): $(O)/tests/sim/sim_$(1).o $(SIM_OBJECTS) $(call sim_adapter,$(1)) $(O)/$(1)d/engine.a $(O)/lib/base.a $(O)/proto.a
endef
$(foreach p,$(filter-out sync areas pw,$(SIM_SOURCES:tests/sim/sim_%.c=%)),$(eval $(call sim_rules,$(p))))
$(O)/tests/sim/sim_areas: $(O)/tests/sim/sim_areas.o $(SIM_OBJECTS) $(call sim_adapter,igp) $(O)/igpd/engine.a $(O)/lib/base.a $(O)/proto.a
# OSPF and LDP together.
$(O)/tests/sim/sim_sync: $(O)/tests/sim/sim_sync.o $(SIM_OBJECTS) $(call sim_adapter,igp ldp) $(O)/igpd/engine.a $(O)/ldpd/engine.a $(O)/lib/base.a $(O)/proto.a
# Pseudowires, of LDP too.
$(O)/tests/sim/sim_pw: $(O)/tests/sim/sim_pw.o $(SIM_OBJECTS) $(call sim_adapter,ldp) $(O)/ldpd/engine.a $(O)/lib/base.a $(O)/proto.a
$(SIM_TESTS):
	@mkdir -p $(@D)
	$(LINK) $(PKG_LIBS)
test-sim: $(SIM_TESTS)
	$(O)/tests/sim/sim_igp --nodes 12 --troubles 40 --rounds 10 $(if $(SIM_SEED),--seed $(SIM_SEED))
	$(O)/tests/sim/sim_igp --nodes $(if $(SAN),60,200) --troubles 150 --rounds 2 $(if $(SIM_SEED),--seed $(SIM_SEED))
	$(O)/tests/sim/sim_areas $(if $(SIM_SEED),--seed $(SIM_SEED))
	$(O)/tests/sim/sim_areas --areas 8 --inside 12 --troubles 60 --rounds 2 $(if $(SIM_SEED),--seed $(SIM_SEED))
	$(O)/tests/sim/sim_sync --troubles $(if $(SAN),60,200) $(if $(SIM_SEED),--seed $(SIM_SEED))
	$(O)/tests/sim/sim_sync --troubles 40 --seed 1 --without
	$(O)/tests/sim/sim_l3vpn --rounds $(if $(SAN),2,6) $(if $(SIM_SEED),--seed $(SIM_SEED))
	$(O)/tests/sim/sim_l3vpn --instances --reflectors 1 --rounds $(if $(SAN),2,6) $(if $(SIM_SEED),--seed $(SIM_SEED))
	$(O)/tests/sim/sim_l3vpn --pes 50 --troubles 100 --rounds 1 $(if $(SIM_SEED),--seed $(SIM_SEED))
	$(O)/tests/sim/sim_bfd --pairs $(if $(SAN),100,300) $(if $(SIM_SEED),--seed $(SIM_SEED))
	$(O)/tests/sim/sim_pw --pairs $(if $(SAN),100,400) $(if $(SIM_SEED),--seed $(SIM_SEED))
	$(O)/tests/sim/sim_pw --nodes 3 --pairs 20 --troubles 1000 $(if $(SIM_SEED),--seed $(SIM_SEED))
	$(O)/tests/sim/sim_ldp --nodes 20 --troubles 60 --seed 1 --twice
	$(O)/tests/sim/sim_ldp --nodes 12 --troubles 200 --seed 24
	$(O)/tests/sim/sim_ldp --nodes 30 --troubles 200 --ipv6 $(if $(SIM_SEED),--seed $(SIM_SEED))
	$(O)/tests/sim/sim_ldp --nodes $(if $(SAN),60,100) --troubles 300 $(if $(SIM_SEED),--seed $(SIM_SEED))

# tests/fuzz/fuzz_TARGET.c: what arbitrary bytes may do. The corpora are replayed with every test; `make fuzz` looks for
# more with clang's fuzzer, FUZZ_SECONDS each, two at a time.
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 60
FUZZ_MAIN := $(if $(FUZZ),,$(O)/tests/fuzz/run_corpus.o)
FUZZ_OBJECTS := $(call sim_adapter,$(DAEMONS:d=)) $(SIM_OBJECTS) \
  $(foreach d,$(DAEMONS),$(O)/$(d)/said.a $(O)/$(d)/engine.a) $(O)/lib/host.a $(O)/lib/base.a $(O)/proto.a $(O)/gen/grammar.o
$(addprefix $(O)/tests/fuzz/,$(filter-out fuzz_lsp_ping,$(FUZZ_TARGETS))): $(O)/tests/fuzz/%: $(O)/tests/fuzz/%.o $(FUZZ_MAIN) $(FUZZ_OBJECTS)
# Engines of several daemons are not for one program: their functions have names in common.
$(O)/tests/fuzz/fuzz_lsp_ping: $(O)/tests/fuzz/fuzz_lsp_ping.o $(FUZZ_MAIN) $(O)/l2vpnd/engine.a $(O)/lib/base.a $(O)/proto.a
$(addprefix $(O)/tests/fuzz/,$(FUZZ_TARGETS)):
	@mkdir -p $(@D)
	$(LINK) $(if $(FUZZ),-fsanitize=fuzzer) $(PKG_LIBS)
test-fuzz: $(addprefix $(O)/tests/fuzz/,$(FUZZ_TARGETS))
	@for t in $(FUZZ_TARGETS); do $(O)/tests/fuzz/$$t tests/fuzz/corpus/$$t || exit 1; done
fuzz:
	+$(MAKE) --no-print-directory O=build/fuzz FUZZ=1 CC=clang CFLAGS='-O1 -g -Wno-unknown-warning-option -fsanitize=fuzzer-no-link,address,undefined' fuzz-built
fuzz-built: $(addprefix $(O)/tests/fuzz/,$(FUZZ_TARGETS))
	FUZZ_SEED=$(FUZZ_SEED) tests/fuzz/run $(O) $(FUZZ_SECONDS) $(FUZZ_TARGETS)

# What stands for l2vpnd where ldpd and bfdd are tested without it, and for fibd and ldpd where its control channels are.
FEEDS := $(addprefix $(O)/tests/helper/,pw_feed watch_feed vccv_feed)
$(FEEDS): %: %.o $(O)/tests/helper/feed_lines.o $(O)/lib/host.a $(O)/lib/base.a $(O)/proto.a $(O)/tests/helper/test_grammar.o
	$(LINK) $(PKG_LIBS)

test: deps
	+$(MAKE) --no-print-directory test-built
test-built: test-unit test-sim test-fuzz test-native test-vm
test-unit: $(UNIT_TESTS)
	@tests/run-unit $(UNIT_TESTS)
test-native: all test-unit $(FEEDS)
	$(PYTHON) -m pytest -q -n $(WORKERS) --dist loadfile tests/native tests/conformance --build=$(O)
test-vm: all test-native
	$(PYTHON) -m pytest -q --in-vm tests/labs tests/interop tests/native/test_units.py::test_both_daemons_do_their_work_confined --build=$(O)

# --- benchmarks: side by side with peers, figures into doc/benchmarks.md -----------------------------

BENCH_PROGRAMS := $(patsubst bench/%.c,$(O)/bench/%,$(wildcard bench/*.c))
$(O)/bench/%: $(O)/bench/%.o $(O)/lib/host.a $(O)/lib/base.a $(O)/proto.a $(O)/tests/helper/test_grammar.o
	@mkdir -p $(@D)
	$(LINK) $(PKG_LIBS)
$(O)/bench/ospf_area: $(O)/igpd/engine.a
$(O)/bench/pw_feed $(O)/bench/vpn_feed: $(O)/tests/helper/feed_lines.o
$(O)/bench/bgp_feed: $(O)/l3vpnd/engine.a
bench: deps
	+$(MAKE) --no-print-directory all bench-programs
	bench/run $(O) --write doc/benchmarks.md
bench-programs: $(BENCH_PROGRAMS)

demo: deps
	+$(MAKE) --no-print-directory demo-built
demo-built: all
	labs/penult-lab run labs/l3vpn-bfd --story --build $(O)

lint: deps
	+$(MAKE) --no-print-directory lint-built
lint-built: all
	tests/lint/all $(O)

MAN_PAGES := $(patsubst doc/man/%,build/doc/man/%,$(wildcard doc/man/*.[0-9]))

doc: $(O)/gen/grammar $(MAN_PAGES)
	@mkdir -p build/doc
	$< --markdown > build/doc/commands.md
	@echo '  build/doc/commands.md, build/doc/man'

# The chapter of commands comes from the rows: `.\" COMMANDS WHICH` is replaced by it.
build/doc/man/%: doc/man/% $(O)/gen/grammar
	@mkdir -p $(@D)
	@awk '/^\.\\" COMMANDS / { system("ASAN_OPTIONS=detect_leaks=0 $(O)/gen/grammar --man " $$3); next } { print }' $< > $@

# --- installation -----------------------------------------------------------------------------------

DESTDIR ?=
PREFIX ?= /usr/local
SBIN = $(PREFIX)/sbin
SHARE = $(PREFIX)/share/penult
UNITS ?= $(PREFIX)/lib/systemd/system
CONFIG ?= /etc/penult
INSTALLED_UNITS := $(notdir $(wildcard systemd/*.service systemd/*.target))

install: all doc
	install -d $(addprefix $(DESTDIR),$(SBIN) $(PREFIX)/bin $(SHARE)/labs/penultlab $(UNITS) $(CONFIG) \
	  $(PREFIX)/lib/sysusers.d $(PREFIX)/lib/tmpfiles.d $(PREFIX)/lib/modules-load.d $(PREFIX)/lib/sysctl.d $(PREFIX)/share/man/man1 $(PREFIX)/share/man/man5 $(PREFIX)/share/man/man8)
	install -m 755 $(addprefix $(O)/bin/,$(DAEMONS)) $(DESTDIR)$(SBIN)
	install -m 755 $(filter-out $(addprefix $(O)/bin/,$(DAEMONS)),$(PROGRAMS)) $(DESTDIR)$(PREFIX)/bin
	for u in $(INSTALLED_UNITS); do sed 's|@SBIN@|$(SBIN)|' systemd/$$u > $(DESTDIR)$(UNITS)/$$u && chmod 644 $(DESTDIR)$(UNITS)/$$u || exit 1; done
	install -m 644 systemd/penult.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/penult.conf
	install -m 644 systemd/penult.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/penult.conf
	install -m 644 systemd/penult.modules $(DESTDIR)$(PREFIX)/lib/modules-load.d/penult.conf
	install -m 644 systemd/penult.sysctl $(DESTDIR)$(PREFIX)/lib/sysctl.d/50-penult.conf
	test -e $(DESTDIR)$(CONFIG)/router.conf || install -m 640 systemd/router.conf $(DESTDIR)$(CONFIG)/router.conf
	install -m 755 labs/penult-lab labs/vmrun $(DESTDIR)$(SHARE)/labs
	install -m 644 labs/penultlab/*.py $(DESTDIR)$(SHARE)/labs/penultlab
	cp -r labs/lsp labs/bfd-static labs/ldp-sync labs/l3vpn-bfd labs/vpws-secondary $(DESTDIR)$(SHARE)/labs
	install -d $(DESTDIR)$(SHARE)/bin # where penult-lab looks
	install -m 755 $(PACE) $(DESTDIR)$(SHARE)/bin
	for d in $(DAEMONS); do ln -sf ../../../sbin/$$d $(DESTDIR)$(SHARE)/bin/$$d; done
	for p in $(notdir $(filter-out $(addprefix $(O)/bin/,$(DAEMONS)),$(PROGRAMS))); do ln -sf ../../../bin/$$p $(DESTDIR)$(SHARE)/bin/$$p; done
	ln -sf ../share/penult/labs/penult-lab $(DESTDIR)$(PREFIX)/bin/penult-lab
	for p in build/doc/man/*.[0-9]; do install -m 644 $$p $(DESTDIR)$(PREFIX)/share/man/man$${p##*.}; done

# The configuration stays.
uninstall:
	rm -f $(addprefix $(DESTDIR)$(SBIN)/,$(DAEMONS)) $(addprefix $(DESTDIR)$(PREFIX)/bin/,$(notdir $(filter-out $(addprefix $(O)/bin/,$(DAEMONS)),$(PROGRAMS))) penult-lab)
	rm -f $(addprefix $(DESTDIR)$(UNITS)/,$(INSTALLED_UNITS)) $(addprefix $(DESTDIR)$(PREFIX)/lib/,sysusers.d/penult.conf tmpfiles.d/penult.conf modules-load.d/penult.conf sysctl.d/50-penult.conf)
	rm -rf $(DESTDIR)$(SHARE)
	rm -f $(foreach p,$(notdir $(wildcard doc/man/*.[0-9])),$(DESTDIR)$(PREFIX)/share/man/man$(lastword $(subst ., ,$(p)))/$(p))

clean:
	rm -rf build

-include $(shell find $(O) -name '*.d' 2> /dev/null)
