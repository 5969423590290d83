#ifndef BASE_SECRET_TEXT_H
#define BASE_SECRET_TEXT_H
#include <stdbool.h>
#include <stddef.h>

/*
 * How a password stands in a printed configuration (the `cipher` form): not in clear, so that it is not read over a
 * shoulder or found by a search, but anybody with this program can turn it back. It hides; it does not protect. What
 * protects the file are its permissions.
 */
#define SECRET_TEXT 200 /* room for the cipher form of 80 characters and its zero byte */
void secret_to_text(const char *secret, char out[SECRET_TEXT]);
/* False: not such a form, damaged, or longer than `room`; *ret is untouched. */
bool secret_from_text(const char *text, char *ret, size_t room);
#endif
