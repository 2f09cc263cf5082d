import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


# The library of our triggers lets a connection have them ignored (`SET pgtrigger.ignore`). Not these: what a function
# sets for itself wins. Whoever changes one of them must set it again, because the function is made anew; a test says so.
GUARDS = [
    "pgtrigger_counts_follow_registrations_9356d",
    "pgtrigger_a_number_or_a_place_2bc10",
    "pgtrigger_no_seat_beyond_capacity_170c0",
]
ALWAYS = ";".join(f"ALTER FUNCTION {name}() SET pgtrigger.ignore = '{{}}'" for name in GUARDS)
SWITCHABLE = ";".join(f"ALTER FUNCTION {name}() RESET pgtrigger.ignore" for name in GUARDS)


class Migration(migrations.Migration):
    dependencies = [
        ("forums", "0007_add_mailings"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="registration",
            name="no_seat_beyond_capacity",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="seating",
            name="counts_follow_registrations",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="seating",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="seating",
            name="update_update",
        ),
        migrations.AddField(
            model_name="seating",
            name="handed_on_in",
            field=models.BigIntegerField(
                editable=False,
                help_text="The transaction in which somebody handed a seat on that nobody took yet.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="seatingevent",
            name="handed_on_in",
            field=models.BigIntegerField(
                editable=False,
                help_text="The transaction in which somebody handed a seat on that nobody took yet.",
                null=True,
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="registration",
            trigger=pgtrigger.compiler.Trigger(
                name="no_seat_beyond_capacity",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE d_held integer; d_extra integer; d_waiting integer; of bigint; ours bigint := pg_current_xact_id()::text::bigint;",
                    func="\n                    d_held := 0; d_extra := 0; d_waiting := 0;\n                    IF TG_OP <> 'INSERT' THEN\n                        of := OLD.forum_id;\n                        d_held := - (OLD.state IN ('confirmed', 'offered') AND OLD.override_id IS NULL)::integer;\n                        d_extra := - (OLD.state IN ('confirmed', 'offered') AND OLD.override_id IS NOT NULL)::integer;\n                        d_waiting := - (OLD.state = 'waiting')::integer;\n                    END IF;\n                    IF TG_OP <> 'DELETE' THEN\n                        of := NEW.forum_id;\n                        d_held := d_held\n                            + (NEW.state IN ('confirmed', 'offered') AND NEW.override_id IS NULL)::integer;\n                        d_extra := d_extra\n                            + (NEW.state IN ('confirmed', 'offered') AND NEW.override_id IS NOT NULL)::integer;\n                        d_waiting := d_waiting + (NEW.state = 'waiting')::integer;\n                    END IF;\n                    IF (d_held, d_extra, d_waiting) = (0, 0, 0) THEN\n                        RETURN NULL;\n                    END IF;\n                    UPDATE forums_seating\n                        SET held = held + d_held, extra = extra + d_extra, waiting = waiting + d_waiting,\n                            handed_on_in = CASE\n                                WHEN d_held < 0 AND TG_OP = 'UPDATE' AND NEW.state = 'handed_on' THEN ours\n                                WHEN d_held <= 0 THEN handed_on_in\n                            END\n                        WHERE forum_id = of AND (d_held <= 0 OR held + d_held <= capacity OR handed_on_in = ours);\n                    IF NOT FOUND THEN\n                        RAISE EXCEPTION 'Every seat of this forum is taken.'\n                            USING ERRCODE = 'check_violation', CONSTRAINT = 'no_seat_beyond_capacity';\n                    END IF;\n                    RETURN NULL;\n                ",
                    hash="1de386d6e8b0504b1a5641b35040322ab59606fc",
                    operation='INSERT OR UPDATE OF "state", "seat_number", "override_id" OR DELETE',
                    pgid="pgtrigger_no_seat_beyond_capacity_170c0",
                    table="forums_registration",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="seating",
            trigger=pgtrigger.compiler.Trigger(
                name="counts_follow_registrations",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    IF TG_OP = 'INSERT' THEN\n                        IF (NEW.held, NEW.extra, NEW.waiting, NEW.last_place) <> (0, 0, 0, 0) THEN\n                            RAISE EXCEPTION 'The counts of a forum begin at nothing.';\n                        END IF;\n                        NEW.handed_on_in := NULL;\n                        SELECT  -- nothing, unless somebody takes the seating away and makes it anew\n                            count(*) FILTER (WHERE state IN ('confirmed', 'offered') AND override_id IS NULL),\n                            count(*) FILTER (WHERE state IN ('confirmed', 'offered') AND override_id IS NOT NULL),\n                            count(*) FILTER (WHERE state = 'waiting'),\n                            coalesce(max(place), 0)\n                        INTO NEW.held, NEW.extra, NEW.waiting, NEW.last_place\n                        FROM forums_registration WHERE forum_id = NEW.forum_id;\n                    ELSIF pg_trigger_depth() < 2\n                        AND (NEW.held, NEW.extra, NEW.waiting, NEW.last_place, NEW.forum_id, NEW.handed_on_in)\n                            IS DISTINCT FROM\n                            (OLD.held, OLD.extra, OLD.waiting, OLD.last_place, OLD.forum_id, OLD.handed_on_in)\n                    THEN\n                        RAISE EXCEPTION 'The counts of a forum are kept by its registrations.';\n                    END IF;\n                    RETURN NEW;\n                ",
                    hash="dc9677631581585cb303cc59e3dc0e930b775008",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_counts_follow_registrations_9356d",
                    table="forums_seating",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="seating",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "forums_seatingevent" ("capacity", "extra", "forum_id", "handed_on_in", "held", "last_place", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "waiting") VALUES (NEW."capacity", NEW."extra", NEW."forum_id", NEW."handed_on_in", NEW."held", NEW."last_place", _pgh_attach_context(), NOW(), \'insert\', NEW."forum_id", NEW."waiting"); RETURN NULL;',
                    hash="fa2e73fc510c9214af9f6909290535768618a14c",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_153ab",
                    table="forums_seating",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="seating",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."capacity" IS DISTINCT FROM (NEW."capacity"))',
                    func='INSERT INTO "forums_seatingevent" ("capacity", "extra", "forum_id", "handed_on_in", "held", "last_place", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "waiting") VALUES (NEW."capacity", NEW."extra", NEW."forum_id", NEW."handed_on_in", NEW."held", NEW."last_place", _pgh_attach_context(), NOW(), \'update\', NEW."forum_id", NEW."waiting"); RETURN NULL;',
                    hash="00d5e9271bc715e2f97a2c753771fa3668400522",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_5eec8",
                    table="forums_seating",
                    when="AFTER",
                ),
            ),
        ),
        migrations.RunSQL(ALWAYS, SWITCHABLE),
    ]
