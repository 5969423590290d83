#ifndef BFDD_REALTIME_CHANNEL_H
#define BFDD_REALTIME_CHANNEL_H
#include <stdint.h>

/*
 * The socket on which BFD over VCCV is heard (RFC 5885): fibd's device vccv0 brings what comes on the control channels of all
 * pseudowires, as frames that begin with our label. What is not BFD's there is others'; the kernel does not wake us for it.
 */
/* A descriptor or negative errno; -EPERM without CAP_NET_RAW. */
int channel_listen(uint32_t ifindex, int queue_bytes);
#endif
