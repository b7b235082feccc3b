/* SPDX-License-Identifier: ISC */
#include "admin/html.h"

#include <string.h>
#include "base/text.h"

static const char style[] =
    "@page{size:A4;margin:12mm}\n"
    "body{font:9.5pt/1.3 sans-serif;color:#000;background:#fff;max-width:186mm;margin:0 auto}\n"
    "h1{font-size:15pt;margin:0 0 2mm}\n"
    "h2{font-size:10.5pt;margin:3mm 0 1mm}\n"
    "p{margin:1mm 0}\n"
    "table{border-collapse:collapse;width:100%}\n"
    "th,td{border:.2mm solid #777;padding:.5mm "
    "1.5mm;text-align:left;vertical-align:top;overflow-wrap:anywhere}\n"
    "th{background:#eee}\n"
    ".good{font-weight:bold}\n"
    ".bad{font-weight:bold;background:#ddd}\n"
    ".sign{border:0;border-bottom:.3mm solid #000;height:11mm;vertical-align:bottom}\n";

/* Colours have a contrast of 4.5:1 or more on their ground, in both themes (WCAG 2.1, 1.4.3). */
static const char screen_style[] =
    ":root{color-scheme:light "
    "dark;--fg:#1b1f24;--bg:#fff;--dim:#57606a;--line:#d0d7de;--soft:#f6f8fa;--good:#116329;--bad:#a40e26;"
    "--warn:#7a4e00;--calm:#57606a;--bar:#0a5fbf}\n"
    "@media(prefers-color-scheme:dark){:root{--fg:#e6edf3;--bg:#0d1117;--dim:#9da7b3;--line:#3d444d;--soft:#"
    "161b22;"
    "--good:#4ac26b;--bad:#ff8f87;--warn:#e3b341;--calm:#9da7b3;--bar:#6cb6ff}}\n"
    "*{box-sizing:border-box}\n"
    "body{font:16px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);margin:0}\n"
    "main{max-width:68rem;margin:0 auto;padding:1rem}\n"
    "h1{font-size:1.6rem;line-height:1.25;margin:.5rem 0}\n"
    "h2{font-size:1.25rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line);padding-bottom:.25rem}\n"
    "h3{font-size:1.05rem;margin:0 0 .25rem}\n"
    "h1,h2,h3,p,td,dd,dt,li{overflow-wrap:anywhere}\n"
    "th{white-space:nowrap}\n"
    "p{margin:.25rem 0}\n"
    ".lead,.small{color:var(--dim)}\n"
    ".small{font-size:.875rem}\n"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr));gap:.75rem;list-"
    "style:"
    "none;margin:0;padding:0}\n"
    ".cards>li{border:1px solid var(--line);border-radius:.5rem;padding:.75rem 1rem;background:var(--soft)}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem .75rem;margin:.5rem 0 0}\n"
    "dt{color:var(--dim)}\n"
    "dd{margin:0;min-width:0}\n"
    "table{border-collapse:collapse;width:100%}\n"
    "caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}"
    "\n"
    "th,td{text-align:left;vertical-align:top;padding:.4rem .6rem .4rem 0;border-bottom:1px solid "
    "var(--line)}\n"
    "thead th{color:var(--dim);font-weight:600}\n"
    "code{font:.875em/1.4 ui-monospace,monospace;overflow-wrap:anywhere}\n"
    ".rule{font-weight:600}\n"
    ".good,.bad,.warn,.calm{font-weight:700;white-space:nowrap}.wrap{white-space:normal}\n"
    ".good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}.calm{color:var(--calm)}\n"
    "svg{display:block;width:100%;max-width:30rem;height:auto;margin:.5rem 0}\n"
    "svg text{fill:var(--fg);font:14px system-ui,sans-serif}\n"
    "svg .track{fill:var(--line)}svg .bar{fill:var(--bar)}svg .bar.over{fill:var(--bad)}\n"
    "@media(max-width:36rem){main{padding:.75rem}body{font-size:15px}th,td{padding-right:.4rem}"
    ".stack thead{display:none}.stack,.stack tbody,.stack tr,.stack th,.stack td{display:block}.stack "
    "th,.stack td{border:0;padding:.1rem 0}.stack th{white-space:normal;overflow-wrap:anywhere}.stack "
    "tr{border-bottom:1px solid var(--line);padding:.5rem 0}}\n"
    "@media print{:root{--fg:#000;--bg:#fff;--dim:#333;--soft:#fff;--line:#777}@page{size:A4;margin:14mm}"
    "body{font-size:9.5pt}main{max-width:none;padding:0}tr,.cards>li,svg{break-inside:avoid}h2{break-after:"
    "avoid}}"
    "\n";

static const char *entity(uint32_t cp)
{
    switch (cp) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return bg_text_hostile(cp) ? "&#xFFFD;" : NULL;
    }
}

void html_text(FILE *f, const char *s)
{
    size_t left = strlen(s), n;
    uint32_t cp = 0;

    for (; left > 0; s += n, left -= n) {
        const char *as = (n = bg_utf8_next(s, left, &cp)) == 0 ? "&#xFFFD;" : entity(cp);
        n = n == 0 ? 1 : n;
        if (as != NULL)
            (void)fputs(as, f);
        else
            (void)fwrite(s, 1, n, f);
    }
}

static void head(FILE *f, const char *title, const char *css, const char *more)
{
    (void)fprintf(f,
                  "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                  "'unsafe-inline'\">\n%s<title>",
                  more);
    html_text(f, title);
    (void)fprintf(f, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", css);
}

void html_begin(FILE *f, const char *title)
{
    head(f, title, style, "");
    html_element(f, "h1", NULL, title);
}

void html_screen_begin(FILE *f, const char *title, const char *lead)
{
    head(f, title, screen_style,
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    (void)fputs("<main>\n", f);
    html_element(f, "h1", NULL, title);
    html_element(f, "p", "lead", lead);
}

void html_screen_end(FILE *f)
{
    (void)fputs("</main>\n", f);
    html_end(f);
}

void html_section_begin(FILE *f, const char *heading)
{
    (void)fputs("<section>\n", f);
    html_element(f, "h2", NULL, heading);
}

void html_section_end(FILE *f)
{
    (void)fputs("</section>\n", f);
}

void html_end(FILE *f)
{
    (void)fputs("</body>\n</html>\n", f);
}

void html_element(FILE *f, const char *tag, const char *class, const char *text)
{
    if (class == NULL)
        (void)fprintf(f, "<%s>", tag);
    else
        (void)fprintf(f, "<%s class=\"%s\">", tag, class);
    html_text(f, text);
    (void)fprintf(f, "</%s>\n", tag);
}

void html_table_begin(FILE *f)
{
    (void)fputs("<table>\n", f);
}

void html_table_begin_of(FILE *f, const char *caption, const char *const *head_row)
{
    (void)fputs("<table class=\"stack\">\n", f);
    html_element(f, "caption", NULL, caption);
    (void)fputs("<thead>\n<tr>\n", f);
    for (; *head_row != NULL; head_row++) {
        (void)fputs("<th scope=\"col\">", f);
        html_text(f, *head_row);
        (void)fputs("</th>\n", f);
    }
    (void)fputs("</tr>\n</thead>\n", f);
}

void html_table_end(FILE *f)
{
    (void)fputs("</table>\n", f);
}

void html_row(FILE *f, const char *tag, const char *class, const char *const *cells)
{
    (void)fputs("<tr>\n", f);
    for (; *cells != NULL; cells++)
        html_element(f, tag, cells[1] == NULL ? class : NULL, *cells);
    (void)fputs("</tr>\n", f);
}

#define PLOT_WIDE  360 /* of a telephone, on which its text has the size that it says */
#define PLOT_ROW   40  /* a line of text, and the bar below it */
#define PLOT_BAR   12
#define PLOT_LEAST 2 /* what is there can be seen */

static void bar_of(FILE *f, const struct html_bar *b, unsigned y, int64_t longest)
{
    int64_t wide = longest <= 0 || b->length <= 0 ? PLOT_LEAST : b->length * PLOT_WIDE / longest;

    (void)fprintf(f, "<text x=\"0\" y=\"%u\">", y + 14);
    html_text(f, b->label);
    (void)fprintf(f, "</text>\n<text x=\"%d\" y=\"%u\" text-anchor=\"end\">", PLOT_WIDE, y + 14);
    html_text(f, b->value);
    (void)fprintf(f,
                  "</text>\n<rect class=\"track\" x=\"0\" y=\"%u\" width=\"%d\" height=\"%d\"/>\n"
                  "<rect class=\"bar%s\" x=\"0\" y=\"%u\" width=\"%d\" height=\"%d\"/>\n",
                  y + 20, PLOT_WIDE, PLOT_BAR, b->marked ? " over" : "", y + 20,
                  (int)(wide < PLOT_LEAST ? PLOT_LEAST : wide), PLOT_BAR);
}

void html_plot(FILE *f, const char *id, const char *title, const struct html_bar *bar, unsigned n)
{
    int64_t longest = 0;

    for (unsigned i = 0; i < n; i++)
        longest = bar[i].length > longest ? bar[i].length : longest;
    (void)fprintf(f,
                  "<svg role=\"img\" aria-labelledby=\"%s-title %s-words\" viewBox=\"0 0 %d %u\" "
                  "xmlns=\"http://www.w3.org/2000/svg\">\n<title id=\"%s-title\">",
                  id, id, PLOT_WIDE, n * PLOT_ROW, id);
    html_text(f, title);
    (void)fprintf(f, "</title>\n<desc id=\"%s-words\">", id);
    for (unsigned i = 0; i < n; i++) {
        html_text(f, bar[i].label);
        (void)fputs(": ", f);
        html_text(f, bar[i].value);
        (void)fputs(i + 1 < n ? "; " : ".", f);
    }
    (void)fputs("</desc>\n", f);
    for (unsigned i = 0; i < n; i++)
        bar_of(f, &bar[i], i * PLOT_ROW, longest);
    (void)fputs("</svg>\n", f);
}
