/* HTTPS: what it takes, what it refuses, and a certificate that is replaced while it serves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/http.h"
#include "tests/listener_service.h"
#include "tests/postgres.h"
#include "tests/suite.h"

static char folder[POSTGRES_PATH_MAX], cert[160], key[160];

static void
add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    ck_assert_ptr_nonnull(extension);
    ck_assert(X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

/* A certificate of its own authority, for this machine alone, and its key. */
static void
make_certificate(const char *cert_path, const char *key_path)
{
    EVP_PKEY *pair = EVP_EC_gen("P-256");
    X509     *certificate = X509_new();
    FILE     *file;

    ck_assert_ptr_nonnull(pair);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), getpid());
    X509_set_version(certificate, 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, pair);
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    add_extension(certificate, NID_subject_alt_name, "IP:127.0.0.1");
    add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
    ck_assert_int_gt(X509_sign(certificate, pair, EVP_sha256()), 0);
    ck_assert_ptr_nonnull(file = fopen(cert_path, "w"));
    PEM_write_X509(file, certificate);
    fclose(file);
    ck_assert_ptr_nonnull(file = fopen(key_path, "w"));
    PEM_write_PrivateKey(file, pair, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    chmod(key_path, 0600);
    X509_free(certificate);
    EVP_PKEY_free(pair);
}

static void
prepare(void)
{
    postgres_scratch(folder);
    snprintf(cert, sizeof cert, "%s/cert.%d.pem", folder, getpid());
    snprintf(key, sizeof key, "%s/key.%d.pem", folder, getpid());
    make_certificate(cert, key);
}

/* What curl says of GET /ping there: the status, 0 where there was no answer. */
static int
ask(unsigned port, const char *scheme, const char *authority, const char *options)
{
    char  command[512], answer[16] = "";
    FILE *curl;

    snprintf(command, sizeof command,
             "curl -s -o /dev/null -w '%%{http_code}' --max-time 10 --noproxy '*' --cacert %s %s %s://127.0.0.1:%u/ping",
             authority, options, scheme, port);
    ck_assert_ptr_nonnull(curl = popen(command, "r"));
    if (!fgets(answer, sizeof answer, curl))
        answer[0] = '\0';
    pclose(curl);
    return (int)strtol(answer, NULL, 10);
}

static void
open_secured(struct service *service)
{
    struct listener_settings settings = service_settings();

    settings.tls_cert = cert;
    settings.tls_key  = key;
    service_open(service, &settings);
}

START_TEST(answers_over_tls_1_2_and_1_3)
{
    struct service service;

    open_secured(&service);
    ck_assert_int_eq(ask(service.port, "https", cert, ""), 200);
    ck_assert_int_eq(ask(service.port, "https", cert, "--tls-max 1.2"), 200);
    ck_assert_int_eq(ask(service.port, "https", cert, "--tlsv1.3"), 200);
    service_close(&service);
}
END_TEST

/* Browsers do not come back without TLS; over plain HTTP the field would mean nothing. */
START_TEST(browsers_are_told_to_keep_to_tls)
{
    static const char  field[] = "Strict-Transport-Security";
    struct service     service;
    struct http_answer answer;
    char               value[64], options[256];

    open_secured(&service);
    snprintf(options, sizeof options, "-D %s.head", cert);
    ck_assert_int_eq(ask(service.port, "https", cert, options), 200);
    service_close(&service);
    snprintf(options, sizeof options, "grep -qi '^%s: max-age=31536000' %s.head", field, cert);
    ck_assert_int_eq(system(options), 0);
    service_open(&service, NULL);
    http_call(service.port, "GET /ping HTTP/1.1\r\nHost: here\r\n\r\n", &answer);
    ck_assert_int_eq(answer.status, 200);
    http_header(&answer, field, value, sizeof value);
    ck_assert_str_eq(value, "");
    http_forget(&answer);
    service_close(&service);
}
END_TEST

START_TEST(older_versions_and_plain_text_get_nothing)
{
    struct service service;

    open_secured(&service);
    ck_assert_int_eq(ask(service.port, "https", cert, "--tlsv1.0 --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0"), 0);
    ck_assert_int_eq(ask(service.port, "http", cert, ""), 0);
    ck_assert_int_eq(ask(service.port, "https", "/dev/null", ""), 0);
    ck_assert_int_eq(ask(service.port, "https", cert, ""), 200);
    service_close(&service);
}
END_TEST

START_TEST(certificate_is_replaced_while_it_serves)
{
    struct service service;
    char           old[176], why[160];

    open_secured(&service);
    snprintf(old, sizeof old, "%s.old", cert);
    for (int i = 0; i < 6; i++) {             /* more often than daemons are kept */
        ck_assert_int_eq(rename(cert, old), 0);
        make_certificate(cert, key);
        ck_assert_int_eq(ask(service.port, "https", old, ""), 200);
        ck_assert_msg(listener_reload(service.listener, why), "%s", why);
        ck_assert_int_eq(ask(service.port, "https", cert, ""), 200);
        ck_assert_int_eq(ask(service.port, "https", old, ""), 0);
    }
    for (int i = 0; i < 3; i++) {             /* another's key: it goes on with what it has */
        snprintf(old, sizeof old, "%s.other", cert);
        make_certificate(old, key);
        ck_assert(!listener_reload(service.listener, why));
        ck_assert_int_eq(ask(service.port, "https", cert, ""), 200);
    }
    unlink(cert);
    ck_assert(!listener_reload(service.listener, why));
    ck_assert_ptr_nonnull(strstr(why, "cert."));
    service_close(&service);
}
END_TEST

static void
is_refused(const char *tls_cert, const char *tls_key, const char *explained)
{
    struct listener_settings settings = service_settings();
    char                     why[160] = "";

    settings.tls_cert = tls_cert;
    settings.tls_key  = tls_key;
    ck_assert_ptr_null(listener_open(&settings, service_routes, &(struct hooks){ 0 }, why));
    ck_assert_msg(strstr(why, explained) != NULL, "%s", why);
}

START_TEST(what_cannot_be_served_is_explained)
{
    char other_cert[176], other_key[176];

    snprintf(other_cert, sizeof other_cert, "%s.other", cert);
    snprintf(other_key, sizeof other_key, "%s.other", key);
    make_certificate(other_cert, other_key);
    is_refused(cert, NULL, "together");
    is_refused(NULL, key, "together");
    is_refused("/nowhere.pem", key, "No such file");
    is_refused(cert, other_key, "do not fit");
    chmod(key, 0644);
    is_refused(cert, key, "chmod 600");
}
END_TEST

Suite *
tls_suite(void)
{
    Suite *suite = suite_create("tls");
    TCase *tcase = tcase_create("tls");

    tcase_add_checked_fixture(tcase, prepare, NULL);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, answers_over_tls_1_2_and_1_3);
    tcase_add_test(tcase, browsers_are_told_to_keep_to_tls);
    tcase_add_test(tcase, older_versions_and_plain_text_get_nothing);
    tcase_add_test(tcase, certificate_is_replaced_while_it_serves);
    tcase_add_test(tcase, what_cannot_be_served_is_explained);
    suite_add_tcase(suite, tcase);
    return suite;
}
