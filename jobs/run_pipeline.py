"""Run the whole pipeline in one session: from the landing folders to payload files and the report.

Running it again changes no table but monitoring.runs.
"""

import audit_quality
import build_features
import build_profiles
import build_sessions
import check_events
import check_records
import check_social
import collect_feedback
import ingest_events
import ingest_records
import plan_campaign
import recommend_products
import render_campaign
import score_people
import send_campaign
import train_models
import train_recommender
import write_report

from lettermill.job import Argument, Run, job

BEFORE_CAMPAIGNS = (
    ingest_events,
    ingest_records,
    check_events,
    check_records,
    check_social,
    build_sessions,
    audit_quality,
    build_profiles,
    collect_feedback,
    build_features,
    train_models,
    train_recommender,
    score_people,
    recommend_products,
)
PER_CAMPAIGN = (plan_campaign, render_campaign, send_campaign)


@job(
    Argument("--campaigns", "campaigns to send, divided by commas", default="weekly_picks,win_back"),
    Argument("--occurrence", "the campaigns' slot: a local date; the day of --as-of if not given"),
    Argument("--report", "where to write the report", default="var/demo/report.html"),
)
def main(run: Run) -> None:
    occurrence = run.arguments.occurrence or run.as_of.date().isoformat()
    for step in BEFORE_CAMPAIGNS:
        run.step(step.main)
    for campaign in run.arguments.campaigns.split(","):
        for step in PER_CAMPAIGN:
            run.step(step.main, "--campaign", campaign, "--occurrence", occurrence)
    run.step(write_report.main, "--out", run.arguments.report)


if __name__ == "__main__":
    main()
