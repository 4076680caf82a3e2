#include <keyfold/status.h>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const char *kf_status_name(kf_status status)
{
    switch (status) {
    case KF_OK: return "ok";
    case KF_NOT_FOUND: return "not found";
    case KF_END: return "end";
    case KF_INVALID: return "invalid argument";
    case KF_NO_MEMORY: return "out of memory";
    case KF_IO: return "input/output error";
    case KF_NO_SPACE: return "no space";
    case KF_FORMAT: return "not a keyfold file";
    case KF_UNSUPPORTED: return "unsupported";
    case KF_CORRUPT: return "corrupt";
    case KF_DUPLICATE: return "duplicate key";
    case KF_LIMIT: return "limit exceeded";
    case KF_TYPE: return "wrong value type";
    case KF_CANCELLED: return "cancelled";
    case KF_REPLACED: return "replaced";
    }
    return "unknown status";
}

const char *kf_library_version(void)
{
    return TEXT(KF_VERSION_MAJOR) "." TEXT(KF_VERSION_MINOR) "." TEXT(KF_VERSION_PATCH);
}
