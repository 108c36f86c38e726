/* Keys and notes that Python's cryptography made: the log's seed is 00..1f, its receipts' 20..3f,
 * its next key's 40..5f, and witness i's is 32 bytes of 0x80 + i. The tree is that of the eight
 * certificate-transparency leaves. */
#ifndef TESTS_NOTES_H
#define TESTS_NOTES_H

#define LOG_VKEY      "log.example/audit+86617d36+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define LOG_SKEY \
    "PRIVATE+KEY+log.example/audit+86617d36+" \
    "AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define NEXT_VKEY     "log.example/audit+4a6284b3+ASVDuS/xCVURR2rcg2nbbdyTNmWhGXjdoUBO4QZsqVWd"
#define RECEIPT_VKEY \
    "log.example/audit/receipt+7998efbd+" \
    "ASmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
#define RECEIPT_SKEY \
    "PRIVATE+KEY+log.example/audit/receipt+7998efbd+" \
    "ASAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8PT4/"
#define WITNESS1_VKEY "witness.example/w1+4af89f3c+BJPbny7g9+OelC+1lEEZC/ILnEPPzIoFGhUkmc85K3o3"
#define WITNESS1_SKEY \
    "PRIVATE+KEY+witness.example/w1+4af89f3c+" \
    "BIGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGB"
#define WITNESS2_VKEY "witness.example/w2+1b4ca269+BPoBNHqZHgSuDxptgdsppepO61ll9XesnvtE57Hy+7Ao"
#define WITNESS3_VKEY "witness.example/w3+20707338+BNdt/G49Xnj0bFTpQhyXnc3A2dA5gbYahlqyArGAjc6Q"

#define DASH "\xe2\x80\x94 "

#define ROOT_8      "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg="
#define HEAD_TEXT   "log.example/audit\n8\n" ROOT_8 "\n"
#define HEAD_LINE \
    DASH "log.example/audit " \
    "hmF9NsCDwrR0WNwxTjYgbsmtlyh/gJLE7eiatD9xnstQfiURBq7zv4scFdL1QpaPo9bYdw1ir65+5eYP9zdhj1hvAgk=\n"
#define NEXT_LINE \
    DASH "log.example/audit " \
    "SmKEs18SasNxmOKJft3sCEGjwK4gu008FNvJ4inW2aCiS8LkpUbo+24VBbPruwywJU3yvOfNIym7M5EjUOGcRgIuAQ0=\n"
#define HEAD_NOTE   HEAD_TEXT "\n" HEAD_LINE

/* Cosignatures of HEAD_TEXT at 1700000000, and one of 60 s later. */
#define WITNESS1_LINE \
    DASH "witness.example/w1 " \
    "SvifPAAAAABlU/EA4LlcXgKIKKI2i7zwfAxj94N0Lc/p4cZ3zszox2" \
    "QDOTouuiVFIoObbM6zU9z0u22MolHlTxdiIqyvOed26FgUBg==\n"
#define WITNESS1_LATER \
    DASH "witness.example/w1 " \
    "SvifPAAAAABlU/E8uCEnGeWOxe6LpuzC+Rgj1RcsgbV+M8jmg+gmtg" \
    "MmJ4Bluc028LHdwmsAopSO6ZSR3xwiJEwS/MaU4bXxti0FAQ==\n"
#define WITNESS2_LINE \
    DASH "witness.example/w2 " \
    "G0yiaQAAAABlU/EA4yElPxJ4dSJIJYGZm7HUTE08jKRXXvE3bT8SFk" \
    "5zWybOlce9RRDAKxbYYVGjz6MQGwaNvZAnFOjv0uQKbOhuAg==\n"
#define WITNESS3_LINE \
    DASH "witness.example/w3 " \
    "IHBzOAAAAABlU/EAEU/PurZs9F6fR7dRqpIoZGlqUfuzQF9KcPDhOi" \
    "skjmlPKuD9mQr40ZnuVPoyFFp58yqhU8m+91TXnUwvdGYdDw==\n"

/* A signature of a type that nobody here knows, and one with the log's name but another ID. */
#define UNKNOWN_LINE DASH "pq.example/w9 AAAAAAECAwQFBgcICQ==\n"
#define NAMESAKE_LINE DASH "log.example/audit AAAAAAECAwQFBgcICQ==\n"

#endif
