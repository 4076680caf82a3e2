#include "write/sort/sorter_parts.h"

#include <stdlib.h>

uint64_t kfi_sorter_output_memory(const kfi_sorter *sorter)
{
    return kfi_run_writer_memory(sorter->shares.block, sorter->longest_key, sorter->longest_field)
        + kfi_sort_fold_memory(sorter->longest_key, sorter->longest_field)
        + 2 * sorter->shares.spool_buffer;
}

kf_status kfi_sorter_create_spool(const kfi_sorter *sorter, kfi_spool **spool, kf_error *error)
{
    return kfi_spool_create(spool, sorter->folder, sorter->shares.spool_buffer,
                            sorter->options.account, error);
}

kf_status kfi_sorter_keep_run(kfi_sorter *sorter, kfi_run_writer *writer, kf_error *error)
{
    if (!writer->run.spool) return KF_OK;
    if (sorter->run_count == sorter->run_capacity) {
        size_t larger = sorter->run_capacity ? 2 * sorter->run_capacity : 16;
        kfi_run *moved = realloc(sorter->runs, larger * sizeof *moved);
        if (!moved) return kfi_fail_memory(error, larger * sizeof *moved);
        sorter->runs = moved;
        sorter->run_capacity = larger;
    }
    size_t at = sorter->run_count++;   /* most come in order */
    for (; at && sorter->runs[at - 1].order > writer->run.order; at--) sorter->runs[at] = sorter->runs[at - 1];
    sorter->runs[at] = writer->run;
    writer->run = (kfi_run){ .spool = NULL };
    return KF_OK;
}
