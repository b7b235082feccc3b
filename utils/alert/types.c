/* SPDX-License-Identifier: ISC */
#include "alert/sink.h"

const struct sink_type *sink_type_of(enum bg_sink_type type)
{
    static const struct sink_type *const types[] = {
        [BG_SINK_WEBHOOK] = &sink_webhook,
        [BG_SINK_SYSLOG] = &sink_syslog,
        [BG_SINK_EXEC] = &sink_exec,
        [BG_SINK_COLLECTOR] = &sink_collector,
        [BG_SINK_MAIL] = &sink_mail,
        [BG_SINK_PAGERDUTY] = &sink_pagerduty,
        [BG_SINK_ALERTMANAGER] = &sink_alertmanager,
        [BG_SINK_OPSGENIE] = &sink_opsgenie,
        [BG_SINK_SLACK] = &sink_slack,
        [BG_SINK_TEAMS] = &sink_teams,
        [BG_SINK_NTFY] = &sink_ntfy,
        [BG_SINK_TWILIO] = &sink_twilio,
    };

    return types[type];
}
