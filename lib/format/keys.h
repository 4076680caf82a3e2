/* How keys are stored: nodes on top, buckets below. FORMAT.md explains; this is what write and read
 * share.
 *
 * A CONTAINER is a node or a bucket and stands for a state of the automaton. A state with more than
 * 64 entries below it is a node, everything else is (part of) a bucket: a front-coded list of up to
 * 64 entries, each a key's remaining bytes or a JUMP: bytes that lead to a shared container. Integers
 * are little-endian; bit fields fill bytes from the least significant bit.
 *
 * SHARED section   directory: `directory_count` positions, `directory_width` bits each, then 8 zero
 *                  bytes; then containers. Jumps name a directory index. A position below the size
 *                  of this section lies in it; position - size lies in the TREE section.
 * TREE section     parameters (512 bytes, below), then nodes, each followed by its buckets; a node's
 *                  children that are nodes lie before it; the root comes last.
 *
 * TOP section      (may be empty) where to begin: the deepest node that a key's first bytes lead to
 *   0   positions:8 (1..16) | position bytes:8 | rank bytes:8 | 0:8 | cells:32
 *       stride[positions]:32
 *       class[positions][256]:8      of the byte at each position; 0: another byte
 *       cell[cells]                  depth:8 (bytes that lead there) | position in TREE | keys before
 *   A key of at least `positions` bytes begins at cell sum(class[i][key[i]] * stride[i]). A child that an
 *   edge of class 0 or beyond the positions leads to is not in the table; its parent is.
 *
 * NODE
 *   0   1:1 | final:1 | big offset bytes-1:3 | count bytes-1:3      (bit 7 first)
 *   1   0:1 | small bytes:4 (0..8) | path bytes code:2 (0,1,2,4) | bigs>>8:1
 *   2   bigs & 255
 *   3   buckets & 255
 *   4   0:4 | buckets>>8:1 | bucket offset bytes-1:3
 *   5   big label[bigs]              first bytes of the edges to child nodes, ascending
 *       bucket label[buckets-1]      the smallest first byte of buckets 1..
 *       big[bigs]                    small before: keys in buckets with a first byte below label i
 *                                    offset:       this node's position - the child's position
 *                                    sum:          keys below the bigs 0..i, i included
 *       bucket[buckets-1]            sum:          keys in buckets 0..j, j included    (small bytes)
 *                                    offset:       position of bucket j+1 after bucket 0's
 *       path offset[bigs+1]          where the rest of edge i's label lies after this array, and where
 *                                    they end; absent when no such edge has more than its first byte
 *       paths                        varint tokens, the codes (byte-aligned)
 *       buckets, one after the other; bucket 0 comes first
 *   An entry in a node's bucket begins with an edge of the node; ordinals count bigs and buckets in
 *   label order: before big i lie big sum[i-1] + small before[i] keys.
 *
 * BUCKET
 *   0   0:1 | final:1 | entries-1:6
 *   1   jumps:1 | all jumps:1 | length mode:2 | lcp mode:4           (bit 7 first)
 *       length mode 0: tokens:8   1: tokens:32   2: length bits:8   3: nothing (fixed-length keys)
 *       if jumps: reference header (below)
 *       label[n]     `label_bits` each, byte-aligned
 *       lcp[n]       by mode, byte-aligned; bytes shared with the entry before, from the container's
 *                    depth; 0 for the first
 *       jump map[n]  byte-aligned, if jumps and not all jumps
 *       index[jumps] byte-aligned, if jumps are indexed
 *       lengths      mode 0, 1: for each entry a 0 bit a token, then a 1 bit; byte-aligned
 *       then without gaps: length[n] (mode 2), target[targets] or reference[jumps], residuals, tokens
 *       (in mode 3, which is for buckets without jumps, not even a gap after the lcps)
 *   `final`: the key that ends at the container's depth exists; it precedes the entries.
 *   lcp mode 0..8   that many bits, directly
 *            9..12     an index of mode-8 bits into a table: count-1:8, ascending bytes
 *            13        an index of 6 bits into a table: count-1:8, ascending u32
 *            The table precedes the lcps. The other modes are reserved.
 *
 * REFERENCE HEADER (jumps in a bucket; j counts them; extra = keys below the jump - 1)
 *   0   indexed:1 | residual:1 | reference bits:6                      (bit 7 first)
 *       if indexed: table:1 | 0:1 | targets-1:6
 *       if table:   extra[targets] of each target, a byte each (at most 16 targets)
 *       otherwise:  varint slope; if residual: residual bits:8, varint zigzag base
 *   An indexed jump's reference is target[index[j]], another's reference[j]. The index has as many bits as
 *   targets-1 needs. There are as many residuals as jumps, and one more if the last entry is not a jump.
 *   Extra keys before jump j, or after all jumps: the sum of the targets' extras if table; otherwise
 *   slope*j, + base + residual[j] if residual. */
#ifndef KFI_FORMAT_KEYS_H
#define KFI_FORMAT_KEYS_H

#include "base/bits.h"
#include "base/error.h"

enum {
    KFI_KEYS_PARAMETERS = 512,
    KFI_BUCKET_ENTRIES = 64,
    KFI_NODE_FIXED = 5,
    KFI_KEY_LIMIT = 1 << 20,       /* bytes */
    KFI_LABEL_BITS_MAX = 7,
    KFI_LABEL_NONE = 0xff,         /* code of a byte that begins no entry */
    KFI_REFERENCE_BITS_MAX = 40,
    KFI_RESIDUAL_BITS_MAX = 57,
    KFI_TABLE_TARGETS = 16         /* most targets of a bucket whose extras are in a table */
};

enum kfi_root_kind {
    KFI_ROOT_NONE = 0,             /* no keys */
    KFI_ROOT_EMPTY_KEY = 1,        /* only the empty key */
    KFI_ROOT_CONTAINER = 2
};

enum kfi_lcp_mode {
    KFI_LCP_BYTE = 8,
    KFI_LCP_INDEX1 = 9,
    KFI_LCP_INDEX4 = 12,
    KFI_LCP_WIDE = 13
};

enum kfi_length_mode {
    KFI_LENGTHS_UNARY8 = 0,
    KFI_LENGTHS_UNARY32 = 1,
    KFI_LENGTHS_FIELDS = 2,
    KFI_LENGTHS_IMPLIED = 3
};

/* Parameters of the key structure, at the start of the TREE section:
 *     0  root kind:8     1  label bits:8     2  character bits:8 (0: tokens)   3  escape:8
 *     4  directory width:8   5..7 zero       8  fixed key length:32 (0: keys vary)  12..15 zero
 *    16  root position:64   24  directory count:64   32  shared position:64 (first container)
 *    40..63 zero
 *    64  label code[256]   320  character[16]   336..511 zero */
typedef struct kfi_keys_parameters {
    uint8_t root_kind;
    uint8_t label_bits;
    uint8_t character_bits;   /* 0: tails are tokens of the TOKENS section; 1..4: fixed-width characters */
    uint8_t has_escape;       /* the highest label code means: the tail's first byte is the label */
    uint8_t directory_width;
    uint32_t fixed_length;
    uint64_t root;
    uint64_t directory_count;
    uint64_t shared_start;
    uint8_t label_code[256];
    uint8_t character[16];
} kfi_keys_parameters;

void kfi_keys_parameters_write(const kfi_keys_parameters *parameters, uint8_t *out);
/* `size`: of the TREE section. */
kf_status kfi_keys_parameters_read(kfi_keys_parameters *parameters, const uint8_t *tree,
                                   uint64_t size, kf_error *error);

static inline unsigned kfi_escape_code(const kfi_keys_parameters *p)
{
    return p->has_escape ? (1u << p->label_bits) - 1 : KFI_LABEL_NONE - 1u;
}

#endif
