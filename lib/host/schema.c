/* Finding tables by name among the generated schemas. */
#include "host/schema.h"
#include <string.h>

const struct row_schema *
schema_find(const char *table)
{
	for (size_t i = 0; schema_tables[i]; i++)
		if (strcmp(schema_tables[i]->table, table) == 0)
			return schema_tables[i];
	return NULL;
}
