#!/usr/bin/env bash
# Builds the fuzz targets as OSS-Fuzz asks for them, in the checkout: its CC and CFLAGS say how, $OUT gets the programs,
# each with the inputs to begin with.
set -eu
build=$WORK/keyfold
[ -f "$build/build.ninja" ] ||
    meson setup "$build" --buildtype=plain -Dfuzz=true -Dprefer_static=true -Db_lundef=false
for corpus in tests/fuzz/corpus/*; do
    target=${corpus##*/}
    [ "$target" != command ] || continue      # AFL++ has it
    ninja -C "$build" "tests/fuzz/fuzz_$target" "tests/fuzz/libfuzzer_$target"
    cp "$build/tests/fuzz/libfuzzer_$target" "$OUT/fuzz_$target"
    printf '[libfuzzer]\nmax_len = 20000\n' >"$OUT/fuzz_$target.options"
    seeds=$(mktemp -d)
    "$build/tests/fuzz/fuzz_$target" --write-seeds "$seeds"
    cp -n "$corpus"/* "$seeds"
    rm -f "$OUT/fuzz_${target}_seed_corpus.zip"
    (cd "$seeds" && python3 -m zipfile -c "$OUT/fuzz_${target}_seed_corpus.zip" ./*)
    rm -r "$seeds"
done
