/*
 * Why shortest paths were looked for, when, and what it cost: the last runs, as `display ospf spf-log` shows them. Of all that
 * has happened since the run before, the first thing is kept, and how much else there was.
 */
#include "igpd/ospf/model.h"
#include "proto/fill.h"
#include "proto/igp.pb-c.h"
#include <stdarg.h>
#include <stdio.h>

void
spf_log_cause(struct ospf *o, const char *format, ...)
{
	va_list args;

	if (o->spf_log.causes++)
		return;
	o->spf_log.asked_at = o->now;
	va_start(args, format);
	vsnprintf(o->spf_log.cause, sizeof o->spf_log.cause, format, args);
	va_end(args);
}

void
spf_log_run(struct ospf *o, uint32_t settled)
{
	struct spf_run *run = &o->spf_log.run[o->spf_log.count % SPF_LOG_RUNS];
	struct ospf_tables *t = o->world.tables;

	if (t && o->spf_log.count >= SPF_LOG_RUNS)
		table_gone(&t->spf_run, &run->row);
	run->ospf = o;
	run->number = (uint32_t)++o->spf_log.count;
	run->at = o->now;
	run->waited = o->spf_log.causes ? o->now - o->spf_log.asked_at : 0;
	run->settled = settled;
	run->causes = o->spf_log.causes;
	snprintf(run->cause, sizeof run->cause, "%s", o->spf_log.causes ? o->spf_log.cause : "");
	o->spf_log.causes = 0;
	if (t)
		table_changed(&t->spf_run, &run->row);
}

void
spf_log_fill(const struct row *row, void *message, struct arena *arena)
{
	const struct spf_run *run = CONST_OBJECT(row, struct spf_run, row);
	Igp__SpfRun *m = message;

	(void)arena;
	m->process = run->ospf->world.process;
	m->number = run->number;
	m->at = run->at;
	m->waited_us = (uint32_t)run->waited;
	m->settled = run->settled;
	m->causes = run->causes;
	m->cause = fill_text(run->cause);
}

void
spf_log_free(struct ospf *o)
{
	struct ospf_tables *t = o->world.tables;

	for (size_t i = 0; t && i < SPF_LOG_RUNS && i < o->spf_log.count; i++)
		table_gone(&t->spf_run, &o->spf_log.run[i].row);
}
