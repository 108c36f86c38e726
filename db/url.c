/* A connection string is read by libpq first, and its faults are told without what they quote. */
#include "db/url.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
refuse(char why[static DATABASE_WHY_MAX], const char *what)
{
    snprintf(why, DATABASE_WHY_MAX,
             "the connection string is not well formed: %s (it is not shown, since it may hold a"
             " password)", what);
    return false;
}

static bool
is_url(const char *url)
{
    return !strncmp(url, "postgres://", 11) || !strncmp(url, "postgresql://", 13);
}

/* "@" in a host, a port or a database's name, or what is no port: the password ended too soon. */
static bool
is_misread(const PQconninfoOption *option)
{
    if (!option->val)
        return false;
    if (!strcmp(option->keyword, "port"))
        return strspn(option->val, "0123456789,") != strlen(option->val);
    return (!strcmp(option->keyword, "host") || !strcmp(option->keyword, "dbname")) &&
           strchr(option->val, '@');
}

static void
forget(PQconninfoOption *options)
{
    for (PQconninfoOption *option = options; option && option->keyword; option++)
        if (option->val && *option->dispchar == '*')
            explicit_bzero(option->val, strlen(option->val));
    PQconninfoFree(options);
}

/* libpq's message up to what it quotes. */
static bool
refuse_as_libpq(char *message, char why[static DATABASE_WHY_MAX])
{
    char what[128] = "no memory";

    if (message) {
        size_t count = strcspn(message, "\":\n");
        while (count && message[count - 1] == ' ')
            count--;
        snprintf(what, sizeof what, "%.*s", (int)count, message);
        explicit_bzero(message, strlen(message));
        PQfreemem(message);
    }
    return refuse(why, what);
}

bool
url_check(const char *url, char why[static DATABASE_WHY_MAX])
{
    char             *message = NULL;
    PQconninfoOption *options;
    bool              is_good = true;

    if (!is_url(url) && !strchr(url, '='))
        return true;                                  /* the name of a database */
    options = PQconninfoParse(url, &message);
    if (!options)
        return refuse_as_libpq(message, why);
    for (const PQconninfoOption *option = options; option->keyword && is_good; option++)
        is_good = !is_misread(option);
    forget(options);
    return is_good || refuse(why, is_url(url)
                                  ? "in a URL, write %40 for @ and %2F for / in a password"
                                  : "its host, port or database's name is not one");
}
