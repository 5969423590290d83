/* Replays files through a fuzz target: what was ever found stays found, without a fuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int
main(int argc, char **argv)
{
	static uint8_t bytes[1 << 20];
	unsigned count = 0;

	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		for (struct dirent *e; d && (e = readdir(d));) {
			char path[4096];
			snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
			FILE *f = e->d_name[0] == '.' ? NULL : fopen(path, "rb");
			if (!f)
				continue;
			size_t size = fread(bytes, 1, sizeof bytes, f);
			fclose(f);
			LLVMFuzzerTestOneInput(bytes, size);
			count++;
		}
		if (d)
			closedir(d);
	}
	printf("%s: %u files\n", argv[0], count);
	return count ? 0 : 1;
}
