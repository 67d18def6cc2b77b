#include "core/code.h"

#include "base/check.h"

enum { HALF_BITS = 21, ROUNDS = 8, LETTERS = 36 };

#define HALF_MASK ((UINT64_C(1) << HALF_BITS) - 1)

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

static uint64_t scatter(const struct siphash_key *key, int round, uint64_t half)
{
    const uint8_t input[5] = {(uint8_t)('0' + round), (uint8_t)half, (uint8_t)(half >> 8),
                              (uint8_t)(half >> 16), 'c'};
    return siphash(key, input, sizeof input) & HALF_MASK;
}

static uint64_t encipher(const struct siphash_key *key, uint64_t value)
{
    uint64_t left = value >> HALF_BITS;
    uint64_t right = value & HALF_MASK;
    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t next = left ^ scatter(key, round, right);
        left = right;
        right = next;
    }
    return left << HALF_BITS | right;
}

static uint64_t decipher(const struct siphash_key *key, uint64_t value)
{
    uint64_t left = value >> HALF_BITS;
    uint64_t right = value & HALF_MASK;
    for (int round = ROUNDS - 1; round >= 0; round--) {
        const uint64_t before = right ^ scatter(key, round, left);
        right = left;
        left = before;
    }
    return left << HALF_BITS | right;
}

struct code code_of_number(const struct siphash_key *key, uint64_t number)
{
    CHECK(number > 0);
    CHECK(number <= CODE_NUMBER_MAX);

    uint64_t value = number;
    do {
        value = encipher(key, value);
    } while (value > CODE_NUMBER_MAX);
    struct code code;
    for (size_t index = CODE_SIZE; index > 0; index--) {
        code.letters[index - 1] = alphabet[value % LETTERS];
        value /= LETTERS;
    }
    return code;
}

static int letter_value(char letter)
{
    if (letter >= 'A' && letter <= 'Z') return letter - 'A';
    if (letter >= 'a' && letter <= 'z') return letter - 'a';
    if (letter >= '0' && letter <= '9') return letter - '0' + 26;
    return -1;
}

uint64_t code_to_number(const struct siphash_key *key, struct code code)
{
    uint64_t value = 0;
    for (size_t index = 0; index < CODE_SIZE; index++) {
        const int digit = letter_value(code.letters[index]);
        CHECK(digit >= 0);
        value = value * LETTERS + (uint64_t)digit;
    }
    do {
        value = decipher(key, value);
    } while (value > CODE_NUMBER_MAX);
    return value;
}

bool code_parse(struct slice text, struct code *ret_code)
{
    CHECK(ret_code != NULL);

    const struct slice prefix = {.data = text.data, .size = 3};
    if (text.size != CODE_SIZE + prefix.size) return false;
    if (!slice_equal_ignoring_case(prefix, SLICE("BK-"))) return false;
    struct code code;
    for (size_t index = 0; index < CODE_SIZE; index++) {
        const int value = letter_value(text.data[3 + index]);
        if (value < 0) return false;
        code.letters[index] = alphabet[value];
    }
    *ret_code = code;
    return true;
}
