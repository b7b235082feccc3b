/* SPDX-License-Identifier: ISC */
/* The table of controls, and the frameworks that they are of. */
#include "admin/compliance/compliance.h"

#include <string.h>

const struct control controls[] = {
#define CONTROL(name, id, class, judge, checks, rule, entra, ism, pci, nist, iso, dora, hipaa)               \
    {id, class, checks, rule, judge_##judge, {entra, ism, pci, nist, iso, dora, hipaa}},
#include "admin/compliance/controls.def"
#undef CONTROL
};
const unsigned controls_n = sizeof controls / sizeof controls[0];

const char *verdict_name(enum verdict v)
{
    static const char *const names[VERDICTS] = {"UNKNOWN", "PASS", "NOT-DUE", "WARN", "UNKNOWN", "FAIL"};

    return names[v < VERDICTS ? v : VERDICT_NONE];
}

const struct framework_text *framework_text(enum framework f)
{
    static const struct framework_text texts[FRAMEWORKS + 1] = {
        [FRAMEWORK_ENTRA] = {"entra", "Microsoft Entra: manage emergency access accounts"},
        [FRAMEWORK_ISM] = {"ism", "Australian Information Security Manual"},
        [FRAMEWORK_PCI] = {"pci", "PCI DSS 4.0.1"},
        [FRAMEWORK_NIST] = {"nist", "NIST SP 800-53 rev. 5"},
        [FRAMEWORK_ISO] = {"iso", "ISO/IEC 27001:2022, Annex A"},
        [FRAMEWORK_DORA] = {"dora", "DORA: Delegated Regulation (EU) 2024/1774"},
        [FRAMEWORK_HIPAA] = {"hipaa", "HIPAA Security Rule, 45 CFR Part 164"},
        [FRAMEWORKS] = {"", "All controls"},
    };

    return &texts[f];
}

bool framework_parse(const char *word, enum framework *out)
{
    for (enum framework f = 0; f < FRAMEWORKS; f++)
        if (strcmp(word, framework_text(f)->word) == 0) {
            *out = f;
            return true;
        }
    return false;
}

bool control_is_of(const struct control *c, enum framework f)
{
    return f == FRAMEWORKS || c->clause[f][0] != '\0';
}

/* A judge that found nothing to say has not found it right. */
void control_judge(const struct facts *f, const struct control *c, struct judged *j)
{
    memset(j, 0, sizeof *j);
    j->control = c;
    c->judge(f, j);
    judge_else(j, VERDICT_UNKNOWN, "nothing that this host knows tells of it");
}

unsigned controls_judge(const struct facts *f, enum framework w, struct judged *out,
                        struct verdict_count *sum)
{
    unsigned n = 0;

    memset(sum, 0, sizeof *sum);
    for (unsigned i = 0; i < controls_n; i++) {
        if (!control_is_of(&controls[i], w))
            continue;
        control_judge(f, &controls[i], &out[n]);
        sum->of[out[n++].verdict]++;
    }
    return n;
}
