"""The table of facet bits, and the triggers that keep it right whoever writes: a verb, the admin, raw SQL."""

from django.db import migrations, models

import reports.models.facets

FUNCTIONS = """
CREATE FUNCTION reports_refresh_facet_bits(changed bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- One at a time, until the transaction ends: two that write the same bits would each miss the other's report.
    PERFORM pg_advisory_xact_lock(hashtext('reports_facetbits'));
    INSERT INTO reports_facetbits AS kept (facet, value, block, bits)
    WITH touched AS MATERIALIZED (
        SELECT id / 4096 AS block, bit_or(set_bit(0::bit(4096), (id % 4096)::int, 1)) AS bits
        FROM unnest(changed) AS id GROUP BY 1
    ), listed AS MATERIALIZED (
        SELECT id, year, series_id, access FROM reports_report WHERE id = ANY(changed) AND out_at IS NOT NULL
    ), carried (facet, value, id) AS (
        SELECT 'out', '', id FROM listed
        UNION ALL SELECT 'year', year::text, id FROM listed
        UNION ALL SELECT 'series', series_id::text, id FROM listed
        UNION ALL SELECT 'access', access, id FROM listed
        UNION ALL SELECT 'focus', link.focusarea_id::text, listed.id
            FROM listed JOIN reports_report_focus_areas AS link ON link.report_id = listed.id
        UNION ALL SELECT 'skill', 'c' || link.category_id, listed.id
            FROM listed JOIN reports_report_categories AS link ON link.report_id = listed.id
        UNION ALL SELECT 'skill', 's' || takeaway.skill_id, listed.id
            FROM listed JOIN reports_takeaway AS takeaway ON takeaway.report_id = listed.id
            WHERE takeaway.skill_id IS NOT NULL
    ), wanted AS (
        SELECT facet, value, id / 4096 AS block, bit_or(set_bit(0::bit(4096), (id % 4096)::int, 1)) AS bits
        FROM carried GROUP BY 1, 2, 3
    ), present AS (
        SELECT there.facet, there.value, block, there.bits, touched.bits AS touched
        FROM reports_facetbits AS there JOIN touched USING (block)
    ), outcome AS (
        SELECT facet, value, block, present.bits AS before,
            (coalesce(present.bits & ~present.touched, 0::bit(4096)) | coalesce(wanted.bits, 0::bit(4096))) AS bits
        FROM present FULL JOIN wanted USING (facet, value, block)
    )
    SELECT facet, value, block, bits FROM outcome WHERE bits IS DISTINCT FROM before
    ON CONFLICT (facet, value, block) DO UPDATE SET bits = excluded.bits;
END $$;

CREATE FUNCTION reports_facet_bits_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[];
BEGIN
    -- "changed" is the trigger's own table of the rows that its statement wrote; TG_ARGV[0] holds the report's id.
    EXECUTE format('SELECT array_agg(DISTINCT %I) FROM changed', TG_ARGV[0]) INTO ids;
    IF ids IS NOT NULL THEN
        PERFORM reports_refresh_facet_bits(ids);
    END IF;
    RETURN NULL;
END $$;
"""

# table, column with the report's id. A report keeps its id; the other rows may move from one report to another.
WATCHED = (
    ("reports_report", "id"),
    ("reports_report_focus_areas", "report_id"),
    ("reports_report_categories", "report_id"),
    ("reports_takeaway", "report_id"),
)
OCCASIONS = (
    ("insert", "INSERT", "NEW"),
    ("delete", "DELETE", "OLD"),
    ("update", "UPDATE", "NEW"),
    ("move", "UPDATE", "OLD"),
)


def triggers() -> str:
    return "\n".join(
        f"CREATE TRIGGER facet_bits_{name} AFTER {event} ON {table} REFERENCING {rows} TABLE AS changed "
        f"FOR EACH STATEMENT EXECUTE FUNCTION reports_facet_bits_changed('{column}');"
        for table, column in WATCHED
        for name, event, rows in OCCASIONS
        if (table, name) != ("reports_report", "move")
    )


def no_triggers() -> str:
    return "\n".join(
        f"DROP TRIGGER IF EXISTS facet_bits_{name} ON {table};" for table, _ in WATCHED for name, _, _ in OCCASIONS
    )


class Migration(migrations.Migration):
    dependencies = [("reports", "0002_order_reports_by_day")]

    operations = [
        migrations.CreateModel(
            name="FacetBits",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "facet", "value", "block", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("facet", models.CharField(max_length=6)),
                ("value", models.CharField(max_length=20)),
                ("block", models.BigIntegerField()),
                ("bits", reports.models.facets.BitsField()),
            ],
            options={"verbose_name_plural": "facet bits"},
        ),
        migrations.RunSQL(
            FUNCTIONS,
            "DROP FUNCTION reports_facet_bits_changed(); DROP FUNCTION reports_refresh_facet_bits(bigint[]);",
        ),
        migrations.RunSQL(triggers(), no_triggers()),
        migrations.RunSQL(
            "SELECT reports_refresh_facet_bits(array_agg(id)) FROM reports_report HAVING count(*) > 0;",
            migrations.RunSQL.noop,
        ),
    ]
