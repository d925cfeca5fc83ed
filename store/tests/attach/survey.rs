//! The survey, and the map that is suggested.

use store::{Map, attach};

use testkit::clinic::{Clinic, clinic_map, ids, run};

#[tokio::test]
async fn a_survey_shows_the_database_through_the_map_and_changes_nothing() {
    let clinic = Clinic::create().await;
    let before = clinic.database.dump();
    let survey = attach::survey(&clinic.url(), &clinic_map()).await.unwrap();
    assert_eq!(ids(&survey.faults), [""; 0]);
    assert_eq!(survey.role, clinic.owner);
    assert_eq!(survey.tables.iter().map(|table| table.is_ours && table.row_security).collect::<Vec<_>>(), [true; 4]);
    assert_eq!(survey.orgs[0].name.as_deref(), Some("Clinic"));
    assert_eq!((survey.orgs[0].contacts, survey.orgs[0].leads, survey.orgs[0].calls), (31, 21, 31));
    let first = &survey.orgs[0].first[0];
    assert_eq!(
        (first.name.as_deref(), first.temperature.as_deref(), first.calls),
        (Some("Contact 40"), Some("warm"), 1)
    );
    assert_eq!(
        survey.triggers.len(),
        2 * 4 * 4,
        "each trigger, and that it fires always, for each event of four tables"
    );
    assert_eq!(clinic.database.dump(), before);
    clinic.close().await;
}

#[tokio::test]
async fn what_does_not_fit_is_told_at_once_and_nothing_is_changed() {
    let clinic = Clinic::create().await;
    let before = clinic.database.dump();
    let map = Map::parse(
        "mode = 'observe'
         [organizations]
         table = 'public.organizations'
         id = 'id'
         nme = 'name'
         [contacts]
         table = 'public.contacts'
         id = 'id'
         phone = 'telephone'
         lead_status = 'lead_status'
         lead_score = 'service_interests'
         [calls]
         table = 'public.call_log'
         id = 'id'
         org_id = 'org_id'
         is_test_call = 'is_test_call'
         created_at = 'created_at'
         [appointments]
         table = 'public.view_actionable_leads'
         id = 'id'
         org_id = 'org_id'
         [rules]
         live = 'true'",
    )
    .unwrap();
    let survey = attach::survey(&clinic.url(), &map).await.unwrap();
    assert_eq!(
        ids(&survey.faults),
        [
            "map:organizations:nme",
            "column:contacts:lead_score",
            "column:contacts:phone",
            "column:contacts:temperature",
            "map:contacts:org_id",
            "table-missing:public.call_log",
            "table-kind:public.view_actionable_leads",
        ]
    );
    let phone = survey.faults.iter().find(|fault| fault.finding == "column:contacts:phone").unwrap();
    assert_eq!(phone.seen, "column \"telephone\" does not exist");
    assert_eq!(clinic.database.dump(), before);

    clinic.close().await;
}

/// Two sources in one table, an instant without a zone, and a trigger of a name that is taken.
#[tokio::test]
async fn a_map_that_would_mislead_is_refused() {
    let mut clinic = Clinic::create().await;
    run(
        &mut clinic.admin,
        "alter table public.calls add column happened timestamp;
         create trigger prewarm_insert after insert on public.contacts for each row execute function public.touch()",
    )
    .await;
    let map = include_str!("../../../migrations/maps/clinic.toml")
        .replace("created_at = \"created_at\"\n\n[appointments]", "created_at = \"happened\"\n\n[appointments]")
        .replace("public.appointments", "public.contacts")
        .replace("where = \"deleted_at is null\"\n", "")
        .replace("service_type = \"service_type\"\nscheduled_at = \"scheduled_at\"\nstatus = \"status\"\n", "")
        .replace("live = \"status in ('pending', 'confirmed', 'in_progress', 'completed')\"", "live = \"true\"")
        .replacen("contact_id = \"contact_id\"\ncreated_at", "created_at", 1);
    let survey = attach::survey(&clinic.url(), &Map::parse(&map).unwrap()).await.unwrap();
    let mut faults = ids(&survey.faults);
    faults.sort_unstable();
    assert!(faults.contains(&"map:appointments:table") && faults.contains(&"zone:calls:created_at"), "{faults:?}");
    assert!(faults.contains(&"trigger-taken:public.contacts:prewarm_insert"), "{faults:?}");
    clinic.close().await;
}

/// Case A5, and a foreign partition: no statement of ours would fire, or theirs would fail.
#[tokio::test]
async fn tables_on_which_triggers_would_not_serve_are_refused_and_told() {
    let (mut publisher, mut clinic) = (Clinic::create().await, Clinic::create().await);
    run(&mut publisher.admin, "create publication calls for table public.calls").await;
    clinic.attach().await;
    let subscribe = format!(
        "create subscription {0} connection '{1}' publication calls
           with (create_slot = false, slot_name = none, enabled = false, copy_data = false);
         create foreign data wrapper nothing;
         create server elsewhere foreign data wrapper nothing;
         alter table public.appointments rename to here;
         create table public.appointments (like public.here including defaults) partition by list (status);
         create foreign table public.far partition of public.appointments for values in ('no_show') server elsewhere;
         alter table public.appointments owner to {2}; alter foreign table public.far owner to {2}",
        clinic.database.name(),
        publisher.database.url(),
        clinic.owner
    );
    run(&mut clinic.admin, &subscribe).await;
    let refused = attach::survey(&clinic.url(), &clinic_map()).await.unwrap().faults;
    let told = attach::check(&clinic.url()).await.unwrap();
    for found in [&refused, &told] {
        let found = ids(found);
        assert!(found.contains(&"replicated:public.calls"), "{found:?}");
        assert!(found.contains(&"foreign-partition:public.far"), "{found:?}");
    }
    run(&mut clinic.admin, &format!("drop subscription {}", clinic.database.name())).await;
    clinic.close().await;
    publisher.close().await;
}

#[tokio::test]
async fn a_suggested_map_fits_after_its_doubts_are_read() {
    let clinic = Clinic::create().await;
    let suggested = attach::suggest(&clinic.url()).await.unwrap();
    for line in [
        "table = \"public.appointments\"",
        "where = \"deleted_at is null\"",
        "last_contact_at = \"last_contacted_at\"    # is this last_contact_at?",
        "is_test_call = \"coalesce(is_test_call, false)\"",
        "# [phone_numbers]: no table is named phone_numbers, managed_phone_numbers, numbers",
    ] {
        assert!(suggested.contains(line), "{line}: {suggested}");
    }
    let survey = attach::survey(&clinic.url(), &Map::parse(&suggested).unwrap()).await.unwrap();
    assert_eq!(ids(&survey.faults), [""; 0], "{suggested}");
    assert!(survey.advice.contains(&"the rule `actionable` hides 31 of 31 contacts".to_owned()), "{:?}", survey.advice);
    clinic.close().await;
}
