/* Addresses and ranges of them, and who the client is behind proxies. */
#include "server/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "server/forwarded.h"
#include "tests/suite.h"

enum { HOPS_TEXT_MAX = 2048 };

/* form: as it is written again, RFC 5952; NULL: refused. network: what is limited. */
static const struct { const char *text, *form, *network; bool is_loopback; } addresses[] = {
    { "192.0.2.1", "192.0.2.1", "192.0.2.1", false },
    { "127.0.0.1", "127.0.0.1", "127.0.0.1", true },
    { "127.255.3.4", "127.255.3.4", "127.255.3.4", true },
    { "128.0.0.1", "128.0.0.1", "128.0.0.1", false },
    { "::1", "::1", "::", true },
    { "::ffff:127.0.0.1", "127.0.0.1", "127.0.0.1", true },
    { "2001:DB8:0:0:1::9", "2001:db8::1:0:0:9", "2001:db8::", false },
    { "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::", false },
    { "::ffff:10.0.0.1", "10.0.0.1", "10.0.0.1", false },
    { "", NULL, NULL, false },
    { "localhost", NULL, NULL, false },
    { "192.0.2", NULL, NULL, false },
    { "192.0.2.256", NULL, NULL, false },
    { "192.0.2.1 ", NULL, NULL, false },
    { "192.0.2.1:80", NULL, NULL, false },
    { "fe80::1%eth0", NULL, NULL, false },
    { "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa", NULL, NULL, false },
};

START_TEST(address_is_read_and_written)
{
    struct address address, network;
    char           text[ADDRESS_TEXT_MAX];

    ck_assert_int_eq(address_parse(addresses[_i].text, strlen(addresses[_i].text), &address),
                     addresses[_i].form != NULL);
    if (!addresses[_i].form)
        return;
    address_format(&address, text);
    ck_assert_str_eq(text, addresses[_i].form);
    ck_assert_int_eq(address_is_loopback(&address), addresses[_i].is_loopback);
    network = address_network(&address);
    address_format(&network, text);
    ck_assert_str_eq(text, addresses[_i].network);
}
END_TEST

START_TEST(peer_of_either_family_is_an_address)
{
    struct sockaddr_in  v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    struct sockaddr     other = { .sa_family = AF_UNIX };
    struct address      address;
    char                text[ADDRESS_TEXT_MAX];

    inet_pton(AF_INET, "198.51.100.7", &v4.sin_addr);
    inet_pton(AF_INET6, "2001:db8::7", &v6.sin6_addr);
    address = address_of((const struct sockaddr *)&v4);
    address_format(&address, text);
    ck_assert_str_eq(text, "198.51.100.7");
    address = address_of((const struct sockaddr *)&v6);
    address_format(&address, text);
    ck_assert_str_eq(text, "2001:db8::7");
    address = address_of(&other);
    address_format(&address, text);
    ck_assert_str_eq(text, "::");
    address = address_of(NULL);
    address_format(&address, text);
    ck_assert_str_eq(text, "::");
}
END_TEST

static const struct { const char *ranges, *address; bool is_held; } holdings[] = {
    { "10.0.0.0/8", "10.255.255.255", true },
    { "10.0.0.0/8", "11.0.0.0", false },
    { "10.0.0.0/8", "9.255.255.255", false },
    { "192.0.2.128/25", "192.0.2.128", true },
    { "192.0.2.128/25", "192.0.2.127", false },
    { "192.0.2.4", "192.0.2.4", true },
    { "192.0.2.4", "192.0.2.5", false },
    { "0.0.0.0/0", "203.0.113.9", true },
    { "0.0.0.0/0", "2001:db8::1", false },
    { "::/0", "203.0.113.9", true },
    { "2001:db8::/33", "2001:db8:7fff::1", true },
    { "2001:db8::/33", "2001:db8:8000::1", false },
    { "::ffff:10.0.0.0/104", "10.1.2.3", true },
    { "10.0.0.0/8, 2001:db8::/32 ,192.0.2.1", "192.0.2.1", true },
    { "10.0.0.0/8,2001:db8::/32", "2001:db8::9", true },
    { "", "10.0.0.1", false },
};

START_TEST(range_holds_what_begins_alike)
{
    struct address_ranges ranges;
    struct address        address;
    char                  why[ADDRESS_WHY_MAX] = "";

    ck_assert_msg(address_ranges_parse(holdings[_i].ranges, &ranges, why), "%s", why);
    ck_assert(address_parse(holdings[_i].address, strlen(holdings[_i].address), &address));
    ck_assert_int_eq(address_ranges_hold(&ranges, &address), holdings[_i].is_held);
}
END_TEST

static const struct { const char *ranges, *why; } refusals[] = {
    { "10.0.0.0/33", "0 to 32 bits" },
    { "10.0.0.0/", "0 to 32 bits" },
    { "10.0.0.0/8/8", "0 to 32 bits" },
    { "10.0.0.0/-1", "0 to 32 bits" },
    { "2001:db8::/129", "0 to 128 bits" },
    { "10.0.0.1/8", "has bits past the first 8" },
    { "2001:db8::1/64", "has bits past the first 64" },
    { "10.0.0.0/8,proxy.example", "\"proxy.example\" is no address" },
    { "/8", "is no address" },
};

START_TEST(range_that_is_none_is_told)
{
    struct address_ranges ranges;
    char                  why[ADDRESS_WHY_MAX] = "";

    ck_assert(!address_ranges_parse(refusals[_i].ranges, &ranges, why));
    ck_assert_msg(strstr(why, refusals[_i].why) != NULL, "%s", why);
}
END_TEST

START_TEST(more_ranges_than_there_is_room_for_are_refused)
{
    struct address_ranges ranges;
    char                  text[16 * (ADDRESS_RANGES_MAX + 1)] = "", why[ADDRESS_WHY_MAX] = "";
    size_t                count = 0;

    for (int i = 0; i < ADDRESS_RANGES_MAX; i++)
        count += (size_t)snprintf(text + count, sizeof text - count, "10.0.0.%d,", i);
    ck_assert(address_ranges_parse(text, &ranges, why));
    snprintf(text + count, sizeof text - count, "::1");
    ck_assert(!address_ranges_parse(text, &ranges, why));
}
END_TEST

/* The proxies are 10.0.0.0/8 and 2001:db8:ffff::/48. */
static const struct { const char *peer, *forwarded_for, *forwarded, *client; } walks[] = {
    /* nobody stands in between, or who does is not believed */
    { "192.0.2.1", NULL, NULL, "192.0.2.1" },
    { "192.0.2.1", "198.51.100.1", NULL, "192.0.2.1" },
    { "192.0.2.1", NULL, "for=198.51.100.1", "192.0.2.1" },
    { "10.0.0.1", NULL, NULL, "10.0.0.1" },
    /* the rightmost that is no proxy of ours */
    { "10.0.0.1", "198.51.100.1", NULL, "198.51.100.1" },
    { "10.0.0.1", "203.0.113.9, 198.51.100.1", NULL, "198.51.100.1" },
    { "10.0.0.1", "203.0.113.9, 198.51.100.1, 10.0.0.2,10.0.0.3", NULL, "198.51.100.1" },
    { "10.0.0.1", "10.0.0.9,  198.51.100.1\t,10.0.0.2", NULL, "198.51.100.1" },
    { "10.0.0.1", "10.0.0.3, 10.0.0.2", NULL, "10.0.0.3" },
    { "10.0.0.1", "nonsense, 198.51.100.1", NULL, "198.51.100.1" },
    { "2001:db8:ffff::1", "2001:db8::7", NULL, "2001:db8::7" },
    { "10.0.0.1", "198.51.100.1:4711", NULL, "198.51.100.1" },
    { "10.0.0.1", "[2001:db8::7]:4711", NULL, "2001:db8::7" },
    { "10.0.0.1", "::ffff:198.51.100.1", NULL, "198.51.100.1" },
    /* what cannot be read makes the proxy the client */
    { "10.0.0.1", "198.51.100.1, nonsense", NULL, "10.0.0.1" },
    { "10.0.0.1", "198.51.100.1, unknown, 10.0.0.2", NULL, "10.0.0.1" },
    { "10.0.0.1", "", NULL, "10.0.0.1" },
    { "10.0.0.1", "198.51.100.1,", NULL, "198.51.100.1" },
    { "10.0.0.1", "198.51.100.1,,", NULL, "10.0.0.1" },
    /* RFC 7239 section 4, and its section 6 */
    { "10.0.0.1", NULL, "for=198.51.100.1", "198.51.100.1" },
    { "10.0.0.1", NULL, "For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17" },
    { "10.0.0.1", NULL, "for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60" },
    { "10.0.0.1", NULL, "by=203.0.113.43;for=192.0.2.60", "192.0.2.60" },
    { "10.0.0.1", NULL, "for=192.0.2.43, for=198.51.100.17", "198.51.100.17" },
    { "10.0.0.1", NULL, "for=192.0.2.43, for=10.0.0.7", "192.0.2.43" },
    { "10.0.0.1", NULL, "for=_gazonk", "10.0.0.1" },
    { "10.0.0.1", NULL, "for=unknown", "10.0.0.1" },
    { "10.0.0.1", NULL, "proto=http", "10.0.0.1" },
    { "10.0.0.1", NULL, "for=\"198.51.100.1", "10.0.0.1" },
    { "10.0.0.1", NULL, "for=192.0.2.43;x=\", for=203.0.113.9\"", "192.0.2.43" },
    { "10.0.0.1", NULL, "for=192.0.2.43;x=\"\\\", for=203.0.113.9\"", "192.0.2.43" },
    /* both, as they agree or not: one is the client's own */
    { "10.0.0.1", "198.51.100.1", "for=198.51.100.1", "198.51.100.1" },
    { "10.0.0.1", "198.51.100.1", "for=203.0.113.9", "10.0.0.1" },
    { "10.0.0.1", "198.51.100.1", "nonsense", "10.0.0.1" },
};

static struct address
parse(const char *text)
{
    struct address address;

    ck_assert(address_parse(text, strlen(text), &address));
    return address;
}

static void
read_proxies(struct address_ranges *out)
{
    char why[ADDRESS_WHY_MAX];

    ck_assert(address_ranges_parse("10.0.0.0/8, 2001:db8:ffff::/48", out, why));
}

START_TEST(client_is_the_rightmost_that_is_no_proxy)
{
    struct address_ranges proxies;
    struct address        peer = parse(walks[_i].peer);
    char                  text[ADDRESS_TEXT_MAX];

    read_proxies(&proxies);
    struct address client = forwarded_client(&peer, &proxies, walks[_i].forwarded_for,
                                             walks[_i].forwarded);
    address_format(&client, text);
    ck_assert_str_eq(text, walks[_i].client);
}
END_TEST

/* A list without end is not followed to its end. */
START_TEST(so_many_proxies_are_followed_and_no_more)
{
    struct address_ranges proxies;
    struct address        peer = parse("10.0.0.1"), client;
    char                  list[HOPS_TEXT_MAX] = "198.51.100.1", text[ADDRESS_TEXT_MAX];
    size_t                count = strlen(list);

    read_proxies(&proxies);
    for (int i = 1; i < FORWARDED_HOPS_MAX; i++)
        count += (size_t)snprintf(list + count, sizeof list - count, ",10.0.0.%d", i);
    client = forwarded_client(&peer, &proxies, list, NULL);
    address_format(&client, text);
    ck_assert_str_eq(text, "198.51.100.1");
    snprintf(list + count, sizeof list - count, ",10.0.0.99");
    client = forwarded_client(&peer, &proxies, list, NULL);
    address_format(&client, text);
    ck_assert_str_eq(text, "10.0.0.1");
}
END_TEST

Suite *
address_suite(void)
{
    Suite *suite = suite_create("address");
    TCase *tcase = tcase_create("address");

    tcase_add_loop_test(tcase, address_is_read_and_written, 0,
                        sizeof addresses / sizeof *addresses);
    tcase_add_test(tcase, peer_of_either_family_is_an_address);
    tcase_add_loop_test(tcase, range_holds_what_begins_alike, 0,
                        sizeof holdings / sizeof *holdings);
    tcase_add_loop_test(tcase, range_that_is_none_is_told, 0, sizeof refusals / sizeof *refusals);
    tcase_add_test(tcase, more_ranges_than_there_is_room_for_are_refused);
    tcase_add_loop_test(tcase, client_is_the_rightmost_that_is_no_proxy, 0,
                        sizeof walks / sizeof *walks);
    tcase_add_test(tcase, so_many_proxies_are_followed_and_no_more);
    suite_add_tcase(suite, tcase);
    return suite;
}
