/* Processing of names and needles, the same for both: normal form, separators and punctuation to spaces, squeezing of
 * spaces, legal forms. What is to be done is kept as it is stored in the section PROCESSING (FORMAT.md 12.8). */
#ifndef KFI_NAMES_PROCESS_PROCESS_H
#define KFI_NAMES_PROCESS_PROCESS_H

#include "names/process/legal.h"

enum {
    KFI_PROCESS_HEAD = 32,
    KFI_PROCESS_ALL = KF_NAMES_FOLD_CASE | KF_NAMES_NFC | KF_NAMES_NFKC | KF_NAMES_NO_ACCENTS
                      | KF_NAMES_NO_PUNCTUATION | KF_NAMES_SQUEEZE
};

/* What is done; read-only once it is opened. All zero: nothing. */
typedef struct kfi_process {
    uint32_t flags;
    kf_legal_forms legal_forms;
    const uint8_t *separators;     /* u32 each, ascending */
    uint32_t separator_count;
    kfi_legal legal;
    uint8_t is_space[128];         /* of ASCII: whether it becomes one */
    int does_spaces;
} kfi_process;

/* Whether the options ask for any. */
int kfi_process_is_wanted(const kf_names_build_options *options);
/* The section for these options, appended. KF_INVALID, KF_NO_MEMORY. */
kf_status kfi_process_compile(const kf_names_build_options *options, kfi_array *stored, kf_error *error);
/* Reads a section in place. KF_CORRUPT, KF_UNSUPPORTED. */
kf_status kfi_process_open(kfi_process *process, const uint8_t *data, uint64_t size, uint64_t offset, kf_error *error);

/* Scratch of a thread. Must stay where it is. */
typedef struct kfi_process_scratch {
    kfi_normal normal;
    kfi_array text;
    kfi_legal_scratch legal;
} kfi_process_scratch;

void kfi_process_begin(kfi_process_scratch *scratch, const kfi_process *process);
void kfi_process_end(kfi_process_scratch *scratch);

/* What becomes of a text, which is checked as kfi_name_check does before and after: itself, or bytes in the scratch.
 * KF_INVALID, KF_LIMIT, KF_NO_MEMORY. `what` begins messages. */
kf_status kfi_process_name(const kfi_process *process, kfi_process_scratch *scratch, kf_bytes text, const char *what,
                           kf_bytes *out, kf_error *error);

#endif
