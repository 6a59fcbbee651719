#!/usr/bin/env bash
# Fuzzes the frame decoder, the inflate, the whole bootloader, and the one that takes signed images alone; a core each: run.sh [SECONDS, default 60].
# What was found before is kept in build/fuzz/corpus and is run first. Fails if anything is found.
# IAP_CORE=FOLDER fuzzes another core, a mutant's for instance; IAP_FUZZ_OUT=FOLDER keeps its results apart.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:-60}
out=${IAP_FUZZ_OUT:-build/fuzz}
targets=(decoder inflate session signed)

cmake -S test/fuzz -B "$out" -G Ninja -DCMAKE_C_COMPILER=clang -DIAP_CORE="${IAP_CORE:-}" >"$out.log" 2>&1 &&
    cmake --build "$out" >>"$out.log" 2>&1 || {
    cat "$out.log" >&2
    exit 1
}
mkdir -p "$out/findings"
"$out/fuzz-seeds" "$out/seeds"

run() { # target
    local options=(-max_total_time="$seconds" -print_final_stats=1 -timeout=5 -rss_limit_mb=1024
        -max_len=512 -len_control=20 -artifact_prefix="$out/findings/$1-" -reload=0)
    [ "$1" = decoder ] && options+=(-dict="$out/seeds/decoder.dict")
    mkdir -p "$out/corpus/$1"
    ASAN_OPTIONS=detect_stack_use_after_return=0:quarantine_size_mb=16 UBSAN_OPTIONS=print_stacktrace=1 \
        "$out/fuzz-$1" "${options[@]}" "$out/corpus/$1" "$out/seeds/$1" >"$out/$1.log" 2>&1
}

pids=()
for target in "${targets[@]}"; do
    run "$target" &
    pids+=($!)
done

failed=0
printf '%-8s %12s %9s %7s %9s %8s %9s\n' target executions exec/s edges features corpus findings
for i in "${!targets[@]}"; do
    target=${targets[$i]}
    log=$out/$target.log
    found=0
    wait "${pids[$i]}" || found=1
    field() { sed -nE "s/.*[ #]$1:? +([0-9]+).*/\1/p" "$log" | tail -1; }
    executions=$(sed -nE 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
    rate=$(sed -nE 's/^stat::average_exec_per_sec: *//p' "$log" | tail -1)
    printf '%-8s %12s %9s %7s %9s %8s %9s\n' "$target" "${executions:-?}" "${rate:-?}" "$(field cov)" \
        "$(field ft)" "$(field corp)" "$found"
    if [ "$found" = 1 ]; then
        failed=1
        grep -vE '^#[0-9]+\s+(NEW|REDUCE|pulse|RELOAD|INITED|DONE)|^INFO|^stat::' "$log" | head -60
        input=$(sed -nE 's/.*Test unit written to //p' "$log" | tail -1)
        [ -z "$input" ] || echo "again: $out/fuzz-$target $input"
    fi
done
exit $failed
