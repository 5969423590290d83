/* router.conf: read whole, and replaced in one step. */
#include "base/mem.h"
#include "base/text.h"
#include "penult/penult.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *
file_read(const char *path, size_t *ret_size)
{
	FILE *f = fopen(path, "re");
	char *text = mem_zalloc(1), piece[65536];
	size_t n, size = 0;

	while (f && size <= CONF_MAX_BYTES && (n = fread(piece, 1, sizeof piece, f)) > 0) {
		text = mem_resize(text, size + n + 1);
		memcpy(text + size, piece, n);
		size += n;
	}
	text[size] = '\0';
	const char *why = !f || ferror(f) ? strerror(errno) : size > CONF_MAX_BYTES ? "it is larger than 64 MB" : NULL;
	if (f)
		fclose(f);
	*ret_size = size;
	if (!why)
		return text;
	complain("%s: cannot be read: %s", path, why);
	free(text);
	return NULL;
}

static int
write_all(int fd, const char *text, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = write(fd, text + at, size - at);
		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* The daemons have users of their own: what could read the old file must be able to read the new one. */
static int
dress_like(int fd, const char *path)
{
	struct stat old, own;

	if (stat(path, &old) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &own) != 0)
		return -errno;
	if (own.st_uid != old.st_uid && fchown(fd, old.st_uid, (gid_t)-1) != 0 && geteuid() == 0)
		return -errno; /* an operator of the group may well own the new one */
	if (own.st_gid != old.st_gid && fchown(fd, (uid_t)-1, old.st_gid) != 0)
		return -errno;
	return fchmod(fd, old.st_mode & 07777) == 0 ? 0 : -errno;
}

/* A name is on the disk when its folder is. */
static void
sync_folder_of(const char *path)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof folder, "%s", path);
	char *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

int
file_replace(const char *path, const char *text, size_t size)
{
	char temporary[PATH_MAX];

	if ((size_t)snprintf(temporary, sizeof temporary, "%s.new", path) >= sizeof temporary)
		return complain("%s: the name is too long", path);
	unlink(temporary); /* of one that was interrupted */
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd < 0)
		return complain("%s: cannot be written: %s", temporary, strerror(errno));
	int r = write_all(fd, text, size);
	if (r == 0)
		r = dress_like(fd, path);
	if (r == 0 && fsync(fd) != 0)
		r = -errno;
	if (close(fd) != 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(temporary, path) != 0)
		r = -errno;
	if (r < 0) {
		unlink(temporary);
		return complain("%s: cannot be replaced: %s", path, strerror(-r));
	}
	sync_folder_of(path);
	return OK;
}
