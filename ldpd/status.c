/* Status codes by name, RFC 5036 3.9: as logs and displays print them. */
#include "ldpd/status.h"

const char *
ldp_status_name(uint32_t status)
{
	switch (status & ~UINT32_C(0x40000000)) {
	case LDP_OK: return "Success";
	case LDP_BAD_LDP_ID: return "Bad LDP Identifier";
	case LDP_BAD_VERSION: return "Bad Protocol Version";
	case LDP_BAD_PDU_LENGTH: return "Bad PDU Length";
	case LDP_UNKNOWN_MESSAGE: return "Unknown Message Type";
	case LDP_BAD_MESSAGE_LENGTH: return "Bad Message Length";
	case LDP_UNKNOWN_TLV: return "Unknown TLV";
	case LDP_BAD_TLV_LENGTH: return "Bad TLV Length";
	case LDP_MALFORMED_TLV: return "Malformed TLV Value";
	case LDP_HOLD_EXPIRED: return "Hold Timer Expired";
	case LDP_SHUTDOWN: return "Shutdown";
	case LDP_LOOP_DETECTED: return "Loop Detected";
	case LDP_UNKNOWN_FEC: return "Unknown FEC";
	case LDP_NO_ROUTE: return "No Route";
	case LDP_NO_LABEL_RESOURCES: return "No Label Resources";
	case LDP_LABEL_RESOURCES: return "Label Resources Available";
	case LDP_NO_HELLO: return "Session Rejected/No Hello";
	case LDP_BAD_ADVERTISEMENT_MODE: return "Session Rejected/Parameters Advertisement Mode";
	case LDP_BAD_MAX_PDU: return "Session Rejected/Parameters Max PDU Length";
	case LDP_BAD_LABEL_RANGE: return "Session Rejected/Parameters Label Range";
	case LDP_KEEPALIVE_EXPIRED: return "KeepAlive Timer Expired";
	case LDP_REQUEST_ABORTED: return "Label Request Aborted";
	case LDP_MISSING_PARAMETERS: return "Missing Message Parameters";
	case LDP_UNSUPPORTED_AF: return "Unsupported Address Family";
	case LDP_BAD_KEEPALIVE_TIME: return "Session Rejected/Bad KeepAlive Time";
	case LDP_INTERNAL_ERROR: return "Internal Error";
	case LDP_ILLEGAL_C_BIT: return "Illegal C-Bit";
	case LDP_WRONG_C_BIT: return "Wrong C-Bit";
	case LDP_PW_STATUS: return "PW status";
	case LDP_UNKNOWN_TAI: return "Unassigned/Unrecognized TAI";
	case LDP_MISCONFIGURED: return "Generic Misconfiguration Error";
	case LDP_NO_WITHDRAW_METHOD: return "Label Withdraw PW Status Method Not Supported";
	case LDP_END_OF_LIB: return "End-of-LIB";
	case LDP_TRANSPORT_MISMATCH: return "Transport Connection Mismatch";
	case LDP_NOT_DUAL_STACK: return "Dual-Stack Noncompliance";
	default: return "unknown status";
	}
}
