// Flash on disk: padded, bounded, replaced whole, with weak cells and option bytes beside it.
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"

static struct fixture f;
static char dir[] = "/tmp/board-files-XXXXXX";
static char path[64], weak[64], opt[64], err[256];

static long file_size(const char *name) {
    FILE *h = fopen(name, "rb");
    long n = -1;
    if (h) {
        fseek(h, 0, SEEK_END);
        n = ftell(h);
        fclose(h);
    }
    return n;
}

static void write_bytes(const char *name, size_t n, int value) {
    FILE *h = fopen(name, "wb");
    for (size_t i = 0; i < n; i++) {
        fputc(value, h);
    }
    fclose(h);
}

static void test_sizes(void) {
    fixture_start(&f, "echo", NULL);
    CHECK(board_flash_load(f.board, path, err, sizeof err)); // none yet: blank
    CHECK_EQ(board_flash_data(f.board)[0], 0xFF);
    write_bytes(path, 100, 0x55);
    CHECK(board_flash_load(f.board, path, err, sizeof err));
    CHECK_EQ(board_flash_data(f.board)[99], 0x55);
    CHECK_EQ(board_flash_data(f.board)[100], 0xFF);
    CHECK(board_flash_save(f.board, path, err, sizeof err));
    CHECK_EQ(file_size(path), 512 * 1024);
    CHECK_EQ(file_size(weak), -1);
    CHECK_EQ(file_size(opt), -1);
    write_bytes(path, 512 * 1024 + 1, 0);
    CHECK(!board_flash_load(f.board, path, err, sizeof err));
    CHECK(strstr(err, "longer"));
    unlink(path);
    fixture_stop(&f);
}

static void test_weak_cells_and_options_persist(void) {
    fixture_start(&f, "fpec", NULL);
    fixture_run_ms(&f, 5);
    fixture_ask(&f, "p", 50);
    fixture_ask(&f, "o", 200);
    board_cut_at(f.board, 1, 2);
    fixture_ask(&f, "e", 50);
    uint32_t cells = board_weak_cells(f.board);
    CHECK(board_flash_save(f.board, path, err, sizeof err));
    fixture_stop(&f);

    fixture_start(&f, "echo", NULL);
    board_power_off(f.board);
    CHECK(board_flash_load(f.board, path, err, sizeof err));
    CHECK_EQ(board_weak_cells(f.board), cells);
    CHECK_EQ(file_size(opt), 16);
    board_power_on(f.board);
    f.heard_len = 0;
    fixture_run_ms(&f, 5);
    CHECK(fixture_heard(&f, "fpec\n"));
    CHECK(!strncmp(fixture_ask(&f, "w", 100), "00000010", 8)); // write protection came along
    fixture_stop(&f);
    unlink(weak);
    write_bytes(weak, 40, 'x');
    fixture_start(&f, "echo", NULL);
    CHECK(!board_flash_load(f.board, path, err, sizeof err)); // refused, not ignored
    fixture_stop(&f);
}

int main(void) {
    if (!mkdtemp(dir)) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/flash", dir);
    snprintf(weak, sizeof weak, "%s/flash.weak", dir);
    snprintf(opt, sizeof opt, "%s/flash.opt", dir);
    test_sizes();
    test_weak_cells_and_options_persist();
    unlink(path);
    unlink(weak);
    unlink(opt);
    rmdir(dir);
    return check_failures != 0;
}
