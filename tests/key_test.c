/* Keys: RFC 8032's own vectors, the published examples of signed notes, and what a key file may not
 * be. */
#include "audit/key.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/notes.h"
#include "tests/suite.h"

static void
unhex(const char *hex, uint8_t *out)
{
    for (size_t i = 0; hex[2 * i]; i++) {
        char two[3] = { hex[2 * i], hex[2 * i + 1] };
        out[i] = (uint8_t)strtoul(two, NULL, 16);
    }
}

/* RFC 8032 section 7.1, tests 1 to 3. */
static const struct {
    const char *seed, *public_key, *message;
    size_t count;
    const char *signature;
} rfc8032[] = {
    { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "", 0,
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
      "b46bd25bf5f0595bbe24655141438e7a100b" },
    { "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "\x72", 1,
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
      "1d8c387b2eaeb4302aeeb00d291612bb0c00" },
    { "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "\xaf\x82", 2,
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
      "c6594a7c15e9716ed28dc027beceea1ec40a" },
};

START_TEST(ed25519_is_rfc_8032)
{
    uint8_t seed[KEY_BYTES], public_key[KEY_BYTES], expected[SIGNATURE_BYTES],
        signature[SIGNATURE_BYTES];

    unhex(rfc8032[_i].seed, seed);
    unhex(rfc8032[_i].public_key, public_key);
    unhex(rfc8032[_i].signature, expected);
    struct signer signer = signer_of(KEY_NOTE, "x", seed);
    ck_assert_mem_eq(signer.key.public_bytes, public_key, KEY_BYTES);
    signer_sign(&signer, rfc8032[_i].message, rfc8032[_i].count, signature);
    ck_assert_mem_eq(signature, expected, SIGNATURE_BYTES);
    ck_assert(key_verifies(&signer.key, rfc8032[_i].message, rfc8032[_i].count, expected));
    ck_assert(!key_verifies(&signer.key, "other", 5, expected));
    for (size_t bit = 0; bit < 8 * SIGNATURE_BYTES; bit++) {
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert(!key_verifies(&signer.key, rfc8032[_i].message, rfc8032[_i].count, signature));
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
END_TEST

/* The examples of signed-note.md and of golang.org/x/mod/sumdb/note, and ours. */
static const struct { const char *vkey, *name; enum key_type type; uint32_t id; } vkeys[] = {
    { "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "example.com/foo",
      KEY_NOTE, 0x530d903a },
    { "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "PeterNeumann",
      KEY_NOTE, 0xc74f20a3 },
    { LOG_VKEY, "log.example/audit", KEY_NOTE, 0x86617d36 },
    { WITNESS1_VKEY, "witness.example/w1", KEY_COSIGNATURE, 0x4af89f3c },
};

START_TEST(a_verifier_key_is_read_and_written)
{
    const char  *line = vkeys[_i].vkey;
    struct key   key;
    struct arena arena;
    struct text  text;

    arena_open(&arena, 1 << 12);
    text_open(&text, &arena, 64, 1 << 10);
    ck_assert_int_eq(key_parse(line, strlen(line), &key), VERDICT_GOOD);
    ck_assert_str_eq(key.name, vkeys[_i].name);
    ck_assert_int_eq(key.type, vkeys[_i].type);
    ck_assert_uint_eq(key.id, vkeys[_i].id);
    key_write(&key, &text);
    ck_assert_uint_eq(text.count, strlen(line));
    ck_assert_mem_eq(text.bytes, line, text.count);
    struct key again = key_of(key.type, key.name, key.public_bytes);
    ck_assert_uint_eq(again.id, key.id);
    arena_close(&arena);
}
END_TEST

static const struct { const char *line; enum verdict verdict; } bad_vkeys[] = {
    { "", VERDICT_MALFORMED },
    { "\n", VERDICT_MALFORMED },
    { "log.example/audit", VERDICT_MALFORMED },
    { "log.example/audit+86617d36", VERDICT_MALFORMED },
    { "log.example/audit+86617d36+", VERDICT_MALFORMED },
    { "+86617d36+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", VERDICT_MALFORMED },
    { "log example+86617d36+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", VERDICT_MALFORMED },
    { "log.example/audit+86617D36+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
      VERDICT_MALFORMED },
    { "log.example/audit+6617d36+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", VERDICT_MALFORMED },
    { "log.example/audit+086617d36+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
      VERDICT_MALFORMED },
    { LOG_VKEY "\n\n", VERDICT_MALFORMED },
    { LOG_VKEY " ", VERDICT_MALFORMED },
    { " " LOG_VKEY, VERDICT_MALFORMED },
    { LOG_VKEY "AAAA", VERDICT_MALFORMED },
    { "log.example/audit+86617d36+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTE", VERDICT_MALFORMED },
    { "log.example/audit+86617d36+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVQ==",
      VERDICT_MALFORMED },
    { LOG_SKEY, VERDICT_MALFORMED },
    { "log.example/audit+86617d37+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
      VERDICT_KEY_ID_DIFFERS },
    { "log.example/other+86617d36+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
      VERDICT_KEY_ID_DIFFERS },
    { "log.example/audit+86617d36+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG5",
      VERDICT_KEY_ID_DIFFERS },
    { "log.example/audit+86617d36+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
      VERDICT_KEY_ID_DIFFERS },
    { "log.example/audit+86617d36+AgOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
      VERDICT_UNKNOWN_TYPE },
    { "pq.example+01020304+BgAA", VERDICT_UNKNOWN_TYPE },
};

START_TEST(what_is_no_verifier_key_is_refused)
{
    struct key key;
    ck_assert_int_eq(key_parse(bad_vkeys[_i].line, strlen(bad_vkeys[_i].line), &key),
                     bad_vkeys[_i].verdict);
}
END_TEST

START_TEST(a_signer_key_is_read_and_written)
{
    static const char line[] = LOG_SKEY "\n";
    struct signer     signer;
    struct key        key;
    struct arena      arena;
    struct text       text;

    arena_open(&arena, 1 << 12);
    text_open(&text, &arena, 64, 1 << 10);
    ck_assert_int_eq(key_parse(LOG_VKEY "\n", sizeof LOG_VKEY, &key), VERDICT_GOOD);
    ck_assert_int_eq(signer_parse(line, sizeof line - 2, &signer), VERDICT_GOOD);
    ck_assert_int_eq(signer_parse(line, sizeof line - 1, &signer), VERDICT_GOOD);
    ck_assert_mem_eq(signer.key.public_bytes, key.public_bytes, KEY_BYTES);
    ck_assert_int_eq(signer.seed[31], 0x1f);
    signer_write(&signer, &text);
    ck_assert_uint_eq(text.count, sizeof line - 2);
    ck_assert_mem_eq(text.bytes, line, text.count);
    signer_forget(&signer);
    ck_assert_int_eq(signer.seed[31], 0);
    arena_close(&arena);
}
END_TEST

/* A seed of 31 bytes, an expanded key of 64, another ID; and what is no signer key at all. */
static const struct { const char *line; enum verdict verdict; } bad_skeys[] = {
    { "", VERDICT_MALFORMED },
    { LOG_VKEY, VERDICT_MALFORMED },
    { "PRIVATE+KEY+", VERDICT_MALFORMED },
    { "private+key+log.example/audit+86617d36+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
      VERDICT_MALFORMED },
    { "PRIVATE+KEY+log.example/audit+86617d36+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4=",
      VERDICT_MALFORMED },
    { "PRIVATE+KEY+log.example/audit+86617d36+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fA6EHv/"
      "POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=",
      VERDICT_MALFORMED },
    { LOG_SKEY "\n\n", VERDICT_MALFORMED },
    { LOG_SKEY "\n" LOG_SKEY "\n", VERDICT_MALFORMED },
    { "PRIVATE+KEY+log.example/audit+86617d35+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
      VERDICT_KEY_ID_DIFFERS },
    { "PRIVATE+KEY+log.example/audit2+86617d36+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
      VERDICT_KEY_ID_DIFFERS },
    { "PRIVATE+KEY+log.example/audit+86617d36+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4g",
      VERDICT_KEY_ID_DIFFERS },
    { "PRIVATE+KEY+log.example/audit+86617d36+BgABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
      VERDICT_UNKNOWN_TYPE },
};

START_TEST(what_is_no_signer_key_is_refused)
{
    struct signer signer;
    ck_assert_int_eq(signer_parse(bad_skeys[_i].line, strlen(bad_skeys[_i].line), &signer),
                     bad_skeys[_i].verdict);
}
END_TEST

static const struct { const char *name; bool is_good; } names[] = {
    { "log.example/audit", true },
    { "x", true },
    { "\xc3\xa9t\xc3\xa9.example", true },
    { "\xf0\x9f\x98\x80", true },
    { "", false },
    { "a b", false },
    { "a+b", false },
    { "a\tb", false },
    { "a\nb", false },
    { "a\x01", false },
    { "a\xc2\x85", false },
    { "a\xc2\xa0", false },
    { "a\xe1\x9a\x80", false },
    { "a\xe2\x80\x80", false },
    { "a\xe2\x80\x8a", false },
    { "a\xe2\x80\x8b", true },
    { "a\xe2\x80\xa8", false },
    { "a\xe2\x80\xa9", false },
    { "a\xe2\x80\xaf", false },
    { "a\xe2\x81\x9f", false },
    { "a\xe3\x80\x80", false },
    { "a\xff", false },
    { "a\xc3", false },
    { "a\xed\xa0\x80", false },
};

START_TEST(names_have_no_spaces_and_no_plus)
{
    ck_assert_int_eq(key_name_is_good(names[_i].name, strlen(names[_i].name)), names[_i].is_good);
}
END_TEST

START_TEST(names_are_bounded)
{
    char name[KEY_NAME_BYTES_MAX + 2];

    memset(name, 'a', sizeof name);
    ck_assert(key_name_is_good(name, KEY_NAME_BYTES_MAX));
    ck_assert(!key_name_is_good(name, KEY_NAME_BYTES_MAX + 1));
}
END_TEST

START_TEST(a_seed_is_for_its_owner_alone)
{
    ck_assert(key_mode_is_private(S_IFREG | 0600));
    ck_assert(key_mode_is_private(S_IFREG | 0400));
    for (mode_t bit = 1; bit <= 040; bit *= 2)
        ck_assert(!key_mode_is_private(S_IFREG | 0600 | bit));
    ck_assert(!key_mode_is_private(S_IFDIR | 0600));
    ck_assert(!key_mode_is_private(S_IFIFO | 0600));
    ck_assert(!key_mode_is_private(S_IFLNK | 0777));
}
END_TEST

Suite *
key_suite(void)
{
    Suite *suite = suite_create("key");
    TCase *tcase = tcase_create("key");
    tcase_add_loop_test(tcase, ed25519_is_rfc_8032, 0, sizeof rfc8032 / sizeof *rfc8032);
    tcase_add_loop_test(tcase, a_verifier_key_is_read_and_written, 0, sizeof vkeys / sizeof *vkeys);
    tcase_add_loop_test(tcase, what_is_no_verifier_key_is_refused, 0,
                        sizeof bad_vkeys / sizeof *bad_vkeys);
    tcase_add_test(tcase, a_signer_key_is_read_and_written);
    tcase_add_loop_test(tcase, what_is_no_signer_key_is_refused, 0,
                        sizeof bad_skeys / sizeof *bad_skeys);
    tcase_add_loop_test(tcase, names_have_no_spaces_and_no_plus, 0, sizeof names / sizeof *names);
    tcase_add_test(tcase, names_are_bounded);
    tcase_add_test(tcase, a_seed_is_for_its_owner_alone);
    suite_add_tcase(suite, tcase);
    return suite;
}
