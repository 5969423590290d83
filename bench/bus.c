/*
 * The bus beside bare ZeroMQ, two processes on one socket of the file system.
 *
 *   bus rows N       a late joiner reads a table of N rows: seconds, and bytes of memory per row in the owner's bus
 *   bus latency N    N changes of one row, one every millisecond: microseconds from the change to the reader, median and
 *                    99th percentile
 *   bus raw-rows N   the same number of rows of the same size as messages of a batch's size, PUSH to PULL
 *   bus raw-latency N
 */
#include "base/mem.h"
#include "host/bus_internal.h"
#include "proto/ldp.pb-c.h"
#include "proto/schema.gen.h"
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { RAW_ROW = 24 /* about what a packed row of the table takes with its head */ };

struct line {
	struct row row;
	uint32_t number, stamp;
};
static struct table table;
static struct line *lines;
static unsigned count;
static char dir[] = "/tmp/penult-bench-XXXXXX";

static usec_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (usec_t)t.tv_sec * USEC_PER_SEC + (usec_t)t.tv_nsec / 1000;
}

static struct host *
host_in(const char *name)
{
	char *argv[] = { (char *)(uintptr_t)name, (char *)(uintptr_t) "-r", dir, NULL };

	optind = 1;
	return host_start(3, argv, name);
}

static size_t
memory(void)
{
	size_t all, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f && fscanf(f, "%zu %zu", &all, &resident) != 2)
		resident = 0;
	if (f)
		fclose(f);
	return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void
fill(const struct row *row, void *message, struct arena *arena)
{
	const struct line *l = CONST_OBJECT(row, struct line, row);
	Ldp__Lsp *m = message;
	uint8_t fec[5] = { 32, (uint8_t)(l->number >> 24), (uint8_t)(l->number >> 16), (uint8_t)(l->number >> 8),
		(uint8_t)l->number };

	m->fec = (ProtobufCBinaryData){ sizeof fec, arena_copy(arena, fec, sizeof fec) };
	m->in_label = l->stamp;
}

/* --- the reader --- */

static unsigned seen;
static bool synced;
static uint32_t *delays;

static void
on_row(void *ctx, const struct row_schema *schema, const void *row, bool gone, uint32_t round)
{
	const Ldp__Lsp *m = row;

	(void)ctx;
	(void)schema;
	(void)gone;
	(void)round;
	if (synced && seen < count)
		delays[seen] = (uint32_t)now() - m->in_label;
	seen++;
}

static void
on_synced(void *ctx, const struct row_schema *schema, uint32_t round)
{
	(void)ctx;
	(void)schema;
	(void)round;
	synced = true;
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void
print_delays(void)
{
	qsort(delays, count, sizeof *delays, compare);
	printf("%u %u\n", delays[count / 2], delays[count * 99 / 100]);
}

static void
reader(bool latency)
{
	static const struct mirror_ops ops = { .row = on_row, .synced = on_synced };
	struct host *h = host_in("reader");
	struct bus *bus = bus_open(h, "reader");
	usec_t start = now();

	if (!mirror_open(bus, &ldp_lsp_schema, &ops, NULL))
		exit(1);
	while (!synced)
		sd_event_run(host_loop(h), UINT64_MAX);
	if (!latency) {
		printf("%.4f\n", (double)(now() - start) / 1e6);
		exit(seen == count ? 0 : 1);
	}
	seen = 0;
	while (seen < count)
		sd_event_run(host_loop(h), UINT64_MAX);
	print_delays();
	exit(0);
}

/* --- the owner --- */

static void
owner(bool latency)
{
	size_t before = memory();
	struct host *h = host_in("ldpd");
	struct bus *bus = bus_open(h, "ldpd");
	unsigned rows = latency ? 1 : count;
	int status;

	table_init(&table, "ldp.Lsp", fill);
	bus_serve(bus, &table);
	lines = mem_zalloc(rows * sizeof *lines);
	for (unsigned i = 0; i < rows; i++) {
		lines[i].number = i;
		table_changed(&table, &lines[i].row);
	}
	bus_publish(bus);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		char *self[] = { (char *)(uintptr_t) "/proc/self/exe",
			(char *)(uintptr_t)(latency ? "read-latency" : "read-rows"), dir, NULL, NULL };
		char number[16];
		snprintf(number, sizeof number, "%u", count);
		self[3] = number;
		execv(self[0], self);
		_exit(127);
	}
	usec_t next = now() + 300 * USEC_PER_MSEC;
	while (waitpid(child, &status, WNOHANG) == 0) {
		sd_event_run(host_loop(h), latency ? 100 : 1000);
		if (!latency || now() < next)
			continue;
		next += USEC_PER_MSEC;
		lines[0].stamp = (uint32_t)now();
		table_changed(&table, &lines[0].row);
		bus_publish(bus);
	}
	if (!latency)
		printf("%.1f\n", (double)(memory() - before - rows * sizeof *lines) / rows);
	bus_close(bus);
	host_free(h);
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/* --- bare --- */

static void
raw(bool latency)
{
	void *context = zmq_ctx_new();
	char endpoint[64];
	static uint8_t batch[BUS_BATCH_BYTES];
	const size_t per_batch = sizeof batch / RAW_ROW;

	snprintf(endpoint, sizeof endpoint, "ipc://%s/raw", dir);
	if (fork() == 0) {
		void *child = zmq_ctx_new(), *out = zmq_socket(child, ZMQ_PUSH);
		zmq_connect(out, endpoint);
		usleep(300000);
		if (latency)
			for (unsigned i = 0; i < count; i++) {
				uint64_t stamp = now();
				zmq_send(out, &stamp, sizeof stamp, 0);
				usleep(1000);
			}
		else
			for (size_t i = 0; i <= count / per_batch; i++)
				zmq_send(out, batch, sizeof batch, 0);
		zmq_close(out);
		zmq_ctx_term(child);
		_exit(0);
	}
	void *in = zmq_socket(context, ZMQ_PULL);
	zmq_bind(in, endpoint);
	usec_t start = 0;
	delays = mem_zalloc(count * sizeof *delays);
	for (size_t i = 0; i < (latency ? count : count / per_batch + 1); i++) {
		uint64_t stamp = 0;
		zmq_recv(in, latency ? (void *)&stamp : (void *)batch, latency ? sizeof stamp : sizeof batch, 0);
		if (!start)
			start = now();
		if (latency)
			delays[i] = (uint32_t)(now() - stamp);
	}
	if (latency)
		print_delays();
	else
		printf("%.4f\n", (double)(now() - start) / 1e6);
	zmq_close(in);
	zmq_ctx_term(context);
	wait(NULL);
}

int
main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	count = argc > 2 ? (unsigned)strtoul(argv[argc - 1], NULL, 10) : 0;
	if (!count || (!strstr(what, "rows") && !strstr(what, "latency"))) {
		fprintf(stderr, "usage: bus rows|latency|raw-rows|raw-latency N\n");
		return 2;
	}
	bool latency = strstr(what, "latency");
	if (strncmp(what, "read-", 5) == 0) {
		memcpy(dir, argv[2], sizeof dir);
		delays = mem_zalloc(count * sizeof *delays);
		reader(latency);
	}
	if (!mkdtemp(dir)) {
		perror("mkdtemp");
		return 1;
	}
	if (strncmp(what, "raw", 3) == 0)
		raw(latency);
	else
		owner(latency);
	return 0;
}
