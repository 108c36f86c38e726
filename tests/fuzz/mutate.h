/* libFuzzer's changes to its inputs, for inputs that are JSON. */
#ifndef TESTS_FUZZ_MUTATE_H
#define TESTS_FUZZ_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's names */
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t count, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t max, unsigned seed);

/* The bytes as other ones, at most `max`; returns how many. */
size_t mutate_json(uint8_t *bytes, size_t count, size_t max, unsigned seed);

#endif
