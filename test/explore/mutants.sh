#!/usr/bin/env bash
# Breaks the bootloader in known ways, each in a scratch copy, and shows that the exploration notices. Without arguments all
# mutants, otherwise those named. Prints one line a mutant; fails if one of them survives.
set -euo pipefail
cd "$(dirname "$0")/../.."

part=stm32f100xb
explore=$PWD/build/explore/explore
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# name | file in bootloader-c | perl expression over the whole file | what is wrong | arguments of explore | what it must find
mutants() {
    cat <<'TABLE'
valid-early|core/iap_session.c|s/(RECORD_SLOT_AT_TOUCHED\);\n)(        reread)/$1        iap_record_mark_valid(&update->target, session->slot);\n$2/|VALID is set with TOUCHED, before the pages|--uncut 1 --scenario same|unverified
verify-late|core/iap_session.c|s/(    uint32_t wrong = iap_image_verify)/    iap_record_mark_valid(&update->target, session->slot);\n$1/|VALID is set before the image is verified|--reset wrong-hash|failed
verify-crc-only|core/iap_image.c|s/if \(!iap_equal\(digest[^{]*\{/if (0) {/|END trusts the CRC-32 and ignores the SHA-256|--reset wrong-hash|failed
touched-late|core/iap_session.c|s/    if \(!touch\(update\)\) \{\n        return \(struct iap_page_result\)\{IAP_STATUS_FLASH_FAILED,\n\s*session->slot \+ IAP_RECORD_SLOT_AT_TOUCHED\};\n    \}\n    return (iap_page_write\([^;]*;)/    struct iap_page_result written = $1\n    touch(update);\n    return written;/|TOUCHED is set after the first page is written|--uncut 1 --scenario same|unverified
touched-never|core/iap_session.c|s/iap_record_mark\(&update->target, session->slot, IAP_RECORD_SLOT_AT_TOUCHED\)/true/|TOUCHED is never set|--uncut 1 --scenario same|any
erase-both-areas|core/iap_record.c|s/(for \(uint32_t at = 0; at < IAP_RECORD_AREA_SIZE; at \+= target->config->page_size\) \{)/$1\n        (void)iap_flash_erase_page(target, record->area + at);/|a full area is erased before its entries are copied|--uncut 1 --scenario rotate-ab|any
seal-first|core/iap_record.c|s/(    const struct iap_entry \*live\[2\].*?\n    \}\n)(    uint8_t header\[IAP_AREA_HEADER_AT_SEALED\];.*?\n    \}\n)(    record->area = area;)/$2$1$3/s|a new area is sealed before the live entries are copied|--uncut 1 --scenario rotate-ab|lost
area-not-erased|core/iap_record.c|s/if \(!iap_flash_erase_page\(target, area \+ at\)\)/if (!iap_all(iap_flash_read(target, area + at), 0xff, target->config->page_size) \&\& !iap_flash_erase_page(target, area + at))/|an area that reads blank is not erased|--full --seed 2 --seeds 20 --scenario rotate-ab|any
no-check-at-boot|core/iap_image.c|s/check->crc == iap_get32\(header \+ IAP_HEADER_AT_IMAGE_CRC32\) &&/1 \&\&/|the CRC-32 is not looked at before a start|--reset damaged-image|failed
valid-not-needed|core/iap_record.c|s/state == IAP_STATE_SET :/1 :/|VALID counts as set in every entry|--reset wrong-hash|failed
no-written|core/iap_record.c|s/!iap_entry_is\(&entry, IAP_ENTRY_WRITTEN\) \|\|//|an entry counts without WRITTEN|--full --seed 2 --seeds 10 --scenario patched|any
trust-blank|core/iap_session.c|s/\.trust_blank = [^,]*,/.trust_blank = true,/|a page that reads blank is never erased|--uncut 60 --scenario other|flapping
not-fed|port/stm32/port.c|s/IWDG_KR = IWDG_KEY_FEED;\n    usart/usart/|a running watchdog is not fed|--reset watchdog-update|failed
button-parks|core/iap.c|s/(if \(passed\(iap, iap->frame_ms, config->idle_ms\))/$1 \&\& iap->held_by != IAP_STAY_BUTTON/|a stuck button has no end|--reset stuck-button|failed
trials-park|core/iap_boot.c|s/facts->trials_used && !facts->trials_stayed/facts->trials_used/|used-up trials have no end|--reset trials-used|failed
listens-never|core/iap.c|s/\.listening = true/.listening = false/|no listening window|--uncut 1 --scenario same|failed
TABLE
}

build() { # mutant file expression
    local tree=$scratch/$1
    mkdir -p "$tree/build"
    cp -r bootloader-c linker "$tree/"
    ln -s "$PWD/build/vendor" "$tree/build/vendor"
    perl -0pi -e "$3" "$tree/bootloader-c/$2"
    if cmp -s "bootloader-c/$2" "$tree/bootloader-c/$2"; then
        echo "$1: its change no longer fits $2" >&2
        return 1
    fi
    # A mutant may leave something unused.
    sed -i 's/-Werror//; s/-Wl,--fatal-warnings//' "$tree/bootloader-c/CMakeLists.txt"
    if ! { cmake -S "$tree/bootloader-c" --preset "$part" && cmake --build "$tree/build/$part" --target bootloader; } \
        >"$tree/log" 2>&1; then
        tail -20 "$tree/log" >&2
        echo "$1: does not build" >&2
        return 1
    fi
}

survived=0
while IFS='|' read -r name file expression; do
    # The expression may hold the separator: the last three fields are taken from the right.
    must=${expression##*|}
    expression=${expression%|*}
    arguments=${expression##*|}
    expression=${expression%|*}
    what=${expression##*|}
    expression=${expression%|*}
    if [[ $# -gt 0 && " $* " != *" $name "* ]]; then
        continue
    fi
    build "$name" "$file" "$expression" || {
        survived=1
        continue
    }
    # shellcheck disable=SC2086
    found=$("$explore" --part "$part" --bootloader "$scratch/$name/build/$part/bootloader.bin" $arguments | tail -1) || true
    if [[ $must == any ]]; then
        caught=$(grep -cE '(^| )[1-9][0-9]* (bricks|unverified|lost|failed|flapping|broken)' <<<"$found" || true)
    else
        caught=$(grep -cE "(^| )[1-9][0-9]* $must" <<<"$found" || true)
    fi
    [[ $caught -gt 0 ]] && verdict=caught || { verdict=SURVIVED; survived=1; }
    echo "$verdict: $name: $what ($arguments): $found"
done < <(mutants)
exit $survived
