/* A shape's file with damage in its keys, and what is asked of it. Include instead of containers.h. */
#ifndef TESTS_SUPPORT_DAMAGED_SHAPE_H
#define TESTS_SUPPORT_DAMAGED_SHAPE_H

#include "scratch.h"
#include "shapes.h"

#include "damage.h"

#include "containers.h"

/* Answers that told of damage, and those that did not. */
static size_t told, untold;

static inline void count_answer(int tells)
{
    if (tells) told++;
    else untold++;
}

/* Two hundred times: damages the shape's file and lets `ask` ask its keys something. It counts the answers; there must
 * be both kinds. */
static inline void ask_damaged(unsigned shape, void (*ask)(const kfi_keys *damaged, unsigned round))
{
    told = untold = 0;
    open_shape(shape, 1);
    damage_load("shape.kf");
    for (unsigned round = 0; round < 200; round++) {
        kfi_keys damaged;
        damage(&set);
        if (!kfi_keys_open(&damaged, file, &header, NULL)) ask(&damaged, round);
        damage_undo();
    }
    ck_assert_uint_gt(told, 0);
    ck_assert_uint_gt(untold, 0);
    damage_free();
    close_shape();
}

#endif
