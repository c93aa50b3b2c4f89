//! Who may do what, on which day.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::sales::v1 as proto;
use tonic::Code;

use super::super::prices::{book, euros, priced};
use super::{Company, DAY, content, grant, inner, line};
use crate::testing::{Caller, fields, reason};

/// Discounts that somebody may approve, so many days from now, and by whose authority.
async fn approves(caller: &Caller, who: &str, days: u32) -> Vec<(i32, String)> {
    let request = proto::QueryAuthorityRequest {
        grantee: format!("employees/{who}"),
        effective_time: Some(caller.ctx.now.saturating_add(DAY * days).into()),
    };
    let held = inner(caller.authorities().query_authority(request).await).unwrap();
    let told = held.held.into_iter().map(|it| {
        let grant = it.authority_grant.unwrap();
        let delegated = it.authority_delegation.map(|it| it.delegator);
        (grant.max_discount_ppm, delegated.unwrap_or_default())
    });
    told.collect()
}

fn own(discounts: &[i32]) -> Vec<(i32, String)> {
    discounts.iter().map(|it| (*it, String::new())).collect()
}

on_each_engine! {
    async fn what_somebody_may_do_on_a_day_can_be_asked(db: Database) {
        let company = Company::open(&db).await;
        let admin = company.sven.acting_as("employees/admin");
        let action = proto::AuthorityAction::ApproveQuotes;
        let day = |days: u32| Some(admin.ctx.now.saturating_add(DAY * days).into());
        let next = proto::AuthorityGrant { valid_from_time: day(10), valid_to_time: day(20), ..grant("mona", action, 1, 300_000) };
        let next = admin.grant(next).await.unwrap();
        assert_eq!(next.granter, "employees/admin");
        assert_eq!(approves(&admin, "mona", 9).await, own(&[200_000]));
        assert_eq!(approves(&admin, "mona", 10).await, own(&[200_000, 300_000]));
        assert_eq!(approves(&admin, "mona", 20).await, own(&[200_000]));
        assert_eq!(approves(&admin, "nobody", 0).await, []);

        let away = proto::DelegateAuthorityRequest {
            delegate: "employees/sven".into(), valid_from_time: day(15), valid_to_time: day(17), ..Default::default()
        };
        inner(company.mona.authorities().delegate_authority(away).await).unwrap();
        let mona = "employees/mona".to_owned();
        assert_eq!(approves(&admin, "sven", 14).await, own(&[100_000]));
        assert_eq!(
            approves(&admin, "sven", 15).await,
            [(100_000, String::new()), (200_000, mona.clone()), (300_000, mona)]
        );
        assert_eq!(approves(&admin, "sven", 17).await, own(&[100_000]));

        let revoke = proto::RevokeAuthorityRequest { name: next.name.clone(), ..Default::default() };
        let revoked = inner(admin.later(DAY).authorities().revoke_authority(revoke.clone()).await).unwrap();
        assert_eq!(revoked.revoke_time, day(1));
        assert_eq!(approves(&admin, "mona", 12).await, own(&[200_000]));
        let again = inner(admin.later(DAY * 2).authorities().revoke_authority(revoke).await).unwrap();
        assert_eq!(again, revoked, "it ended once");
    }

    async fn what_was_lent_is_not_lent_on(db: Database) {
        let company = Company::open(&db).await;
        company.mona.lend("employees/bob").await.unwrap();
        company.sven.acting_as("employees/bob").lend("employees/eve").await.unwrap();
        assert_eq!(approves(&company.sven, "bob", 0).await, [(200_000, "employees/mona".to_owned())]);
        assert_eq!(approves(&company.sven, "eve", 0).await, []);
    }

    async fn nobody_grants_to_himself_nor_makes_himself_a_delegate(db: Database) {
        let company = Company::open(&db).await;
        let action = proto::AuthorityAction::ApproveQuotes;
        let own = company.mona.grant(grant("mona", action, 1, 1_000_000)).await.unwrap_err();
        assert_eq!((own.code(), reason(&own).as_str()), (Code::PermissionDenied, "SELF_APPROVAL"));
        let now = company.mona.ctx.now;
        let assign = |delegate: &str| proto::AssignDelegationRequest {
            authority_delegation: Some(proto::AuthorityDelegation {
                delegator: "employees/dora".into(),
                delegate: delegate.into(),
                valid_from_time: Some(now.into()),
                valid_to_time: Some(now.saturating_add(DAY).into()),
                ..Default::default()
            }),
            ..Default::default()
        };
        let own = company.mona.authorities().assign_delegation(assign("employees/mona")).await.unwrap_err();
        assert_eq!(reason(&own), "SELF_APPROVAL");
        let given = inner(company.mona.authorities().assign_delegation(assign("employees/bob")).await).unwrap();
        assert_eq!((given.creator.as_str(), given.delegate.as_str()), ("employees/mona", "employees/bob"));
        assert_eq!(approves(&company.mona, "bob", 0).await, [(1_000_000, "employees/dora".to_owned())]);
        let revoke = proto::RevokeDelegationRequest { name: given.name, ..Default::default() };
        inner(company.mona.authorities().revoke_delegation(revoke).await).unwrap();
        assert_eq!(approves(&company.mona, "bob", 0).await, []);
    }

    async fn grants_are_read_and_listed(db: Database) {
        let company = Company::open(&db).await;
        let admin = company.sven.acting_as("employees/admin");
        let action = proto::AuthorityAction::ApproveQuotes;
        for (field, wrong) in [
            ("grantee", proto::AuthorityGrant { grantee: "customers/1".into(), ..grant("x", action, 1, 0) }),
            ("level", grant("x", action, 11, 0)),
            ("max_discount_ppm", grant("x", action, 1, 1_000_001)),
            ("max_total", proto::AuthorityGrant { max_total: super::euros(-1), ..grant("x", action, 1, 0) }),
            ("valid_to_time", proto::AuthorityGrant { valid_to_time: Some(admin.ctx.now.into()), ..grant("x", action, 1, 0) }),
        ] {
            assert_eq!(fields(&admin.grant(wrong).await.unwrap_err()), [format!("authority_grant.{field}")]);
        }
        let list = |filter: &str, page_token: String| proto::ListAuthorityGrantsRequest {
            filter: filter.to_owned(), page_size: 2, page_token, ..Default::default()
        };
        let page = inner(admin.authorities().list_authority_grants(list("", String::new())).await).unwrap();
        let grantees: Vec<_> = page.authority_grants.iter().map(|it| it.grantee.as_str()).collect();
        assert_eq!(grantees, ["employees/dora", "employees/mona"]);
        let page = inner(admin.authorities().list_authority_grants(list("", page.next_page_token)).await).unwrap();
        assert_eq!((page.authority_grants[0].grantee.as_str(), page.next_page_token.as_str()), ("employees/sven", ""));
        let hers = list("grantee = \"employees/mona\"", String::new());
        let hers = inner(admin.authorities().list_authority_grants(hers).await).unwrap();
        assert_eq!(hers.authority_grants.len(), 1);

        company.mona.lend("employees/bob").await.unwrap();
        company.dora.lend("employees/eve").await.unwrap();
        let lent = proto::ListAuthorityDelegationsRequest { filter: "delegate = \"employees/bob\"".into(), ..Default::default() };
        let lent = inner(admin.authorities().list_authority_delegations(lent).await).unwrap();
        assert_eq!(lent.authority_delegations.len(), 1);
        let announced = company.sven.announced().await;
        assert_eq!(announced.iter().filter(|it| *it == "AuthorityGrantChanged").count(), 3);
        assert_eq!(announced.iter().filter(|it| *it == "AuthorityDelegationChanged").count(), 2);
    }

    async fn who_may_approve_a_level_on_a_day_is_listed(db: Database) {
        let company = Company::open(&db).await;
        let admin = company.sven.acting_as("employees/admin");
        let action = proto::AuthorityAction::ApproveQuotes;
        let day = |days: u32| Some(admin.ctx.now.saturating_add(DAY * days).into());
        let next = proto::AuthorityGrant { valid_from_time: day(10), valid_to_time: day(20), ..grant("bob", action, 2, 0) };
        admin.grant(next).await.unwrap();
        let short = admin.grant(grant("eve", action, 3, 0)).await.unwrap();
        let revoke = proto::RevokeAuthorityRequest { name: short.name, ..Default::default() };
        inner(admin.later(DAY * 5).authorities().revoke_authority(revoke).await).unwrap();
        admin.grant(grant("tom", proto::AuthorityAction::ApproveExpenses, 2, 0)).await.unwrap();
        let list = |filter: &str, effective_time| proto::ListAuthorityGrantsRequest {
            filter: filter.to_owned(), effective_time, ..Default::default()
        };
        let who = async |filter: &str, effective_time| {
            let listed = admin.authorities().list_authority_grants(list(filter, effective_time)).await;
            let names = inner(listed).unwrap().authority_grants.into_iter();
            names.map(|it| it.grantee.replace("employees/", "")).collect::<Vec<_>>()
        };
        let second = "action = APPROVE_QUOTES AND level >= 2";
        for (days, holders) in [(0, vec!["eve", "dora"]), (5, vec!["dora"]), (10, vec!["bob", "dora"]), (20, vec!["dora"])] {
            assert_eq!(who(second, day(days)).await, holders, "on day {days}");
        }
        assert_eq!(who(second, None).await, ["eve", "bob", "dora"], "ended or to come");
        assert_eq!(who("action = QUOTE_FREELY", day(0)).await, ["sven"]);
        assert_eq!(who("level = 1", day(0)).await, ["mona", "sven"]);

        let first = proto::ListAuthorityGrantsRequest { page_size: 1, ..list(second, day(0)) };
        let page_token = inner(admin.authorities().list_authority_grants(first.clone()).await).unwrap().next_page_token;
        let later = proto::ListAuthorityGrantsRequest { page_token, effective_time: day(5), ..first };
        let refused = admin.authorities().list_authority_grants(later).await.unwrap_err();
        assert_eq!(reason(&refused), "INVALID_PAGE_TOKEN", "another instant is another list");
        let never = Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 });
        let refused = admin.authorities().list_authority_grants(list("", never)).await.unwrap_err();
        assert_eq!(fields(&refused), ["effective_time"]);
    }

    async fn who_acts_for_whom_on_a_day_is_listed(db: Database) {
        let company = Company::open(&db).await;
        company.mona.lend("employees/bob").await.unwrap();
        let given = company.dora.lend("employees/eve").await.unwrap();
        let revoke = proto::RevokeDelegationRequest { name: given.name, ..Default::default() };
        let half = company.dora.later(DAY / 2);
        inner(half.authorities().revoke_delegation(revoke).await).unwrap();
        let acting = async |at: Option<prost_types::Timestamp>| {
            let request = proto::ListAuthorityDelegationsRequest { effective_time: at, ..Default::default() };
            let listed = inner(company.sven.authorities().list_authority_delegations(request).await).unwrap();
            listed.authority_delegations.into_iter().map(|it| it.delegate).collect::<Vec<_>>()
        };
        let now = company.sven.ctx.now;
        assert_eq!(acting(Some(now.into())).await, ["employees/eve", "employees/bob"]);
        assert_eq!(acting(Some(half.ctx.now.into())).await, ["employees/bob"]);
        assert!(acting(Some(now.saturating_add(DAY).into())).await.is_empty());
        assert_eq!(acting(None).await.len(), 2);
    }

    async fn grants_and_delegations_are_read_by_name(db: Database) {
        let company = Company::open(&db).await;
        let admin = company.sven.acting_as("employees/admin");
        let granted = admin.grant(grant("bob", proto::AuthorityAction::ApproveQuotes, 3, 1)).await.unwrap();
        let lent = company.mona.lend("employees/bob").await.unwrap();
        let read = async |caller: &Caller, name: &str| {
            let request = proto::GetAuthorityGrantRequest { name: name.to_owned() };
            inner(caller.authorities().get_authority_grant(request).await)
        };
        let acts = async |caller: &Caller, name: &str| {
            let request = proto::GetAuthorityDelegationRequest { name: name.to_owned() };
            inner(caller.authorities().get_authority_delegation(request).await)
        };
        assert_eq!(read(&admin, &granted.name).await.unwrap(), granted);
        assert_eq!(acts(&admin, &lent.name).await.unwrap(), lent);
        let revoke = proto::RevokeAuthorityRequest { name: granted.name.clone(), ..Default::default() };
        let ended = inner(admin.authorities().revoke_authority(revoke).await).unwrap();
        assert_eq!(read(&admin, &granted.name).await.unwrap(), ended, "what held stays known");
        let stranger = admin.of_another_tenant();
        assert_eq!(read(&stranger, &granted.name).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(acts(&stranger, &lent.name).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(fields(&read(&admin, &lent.name).await.unwrap_err()), ["name"]);
    }

    async fn nobody_holds_more_than_a_hundred_grants(db: Database) {
        let company = Company::open(&db).await;
        let admin = company.sven.acting_as("employees/admin");
        let action = proto::AuthorityAction::ApproveQuotes;
        for _ in 0..99 {
            admin.grant(grant("mona", action, 1, 1)).await.unwrap();
        }
        let full = admin.grant(grant("mona", action, 1, 1)).await.unwrap_err();
        assert_eq!(reason(&full), "INVALID_STATE");
        admin.grant(grant("tom", action, 1, 1)).await.unwrap();
    }

    async fn authority_and_policies_stay_in_the_company(db: Database) {
        let company = Company::open(&db).await;
        let stranger = company.mona.of_another_tenant();
        assert_eq!(approves(&stranger, "mona", 0).await, []);
        let list = inner(stranger.authorities().list_authority_grants(proto::ListAuthorityGrantsRequest::default()).await).unwrap();
        assert!(list.authority_grants.is_empty());
        let lent = company.mona.lend("employees/bob").await.unwrap();
        let revoke = proto::RevokeDelegationRequest { name: lent.name, ..Default::default() };
        assert_eq!(stranger.authorities().revoke_delegation(revoke).await.unwrap_err().code(), Code::NotFound);
        company.sven.set_policy(proto::ApprovalPolicy::default()).await;
        let get = proto::GetApprovalPolicyRequest { name: "approvalPolicy".into(), version: None };
        let theirs = inner(stranger.policies().get_approval_policy(get).await).unwrap();
        assert_eq!(theirs.version, 0);
    }

    async fn whoever_makes_a_price_up_or_goes_below_the_floor_asks(db: Database) {
        let company = Company::open(&db).await;
        let pen = company.sven.product().await;
        let entry = proto::PriceBookEntry { unit_cost: euros(600), floor_margin_ppm: 250_000, ..priced(&pen, 1_000) };
        let list = company.sven.book(book("List")).await;
        let list = company.sven.price(&list, std::slice::from_ref(&entry)).await.unwrap().remove(0).name;
        let partners = proto::PriceBook { segments: vec!["segments/partners".into()], ..book("Partners") };
        let partners = company.sven.book(partners).await;
        let partners = company.sven.price(&partners, &[entry]).await.unwrap().remove(0).name;
        let admin = company.sven.acting_as("employees/admin");
        let freely = |who| grant(who, proto::AuthorityAction::QuoteFreely, 1, 400_000);
        admin.grant(freely("tom")).await.unwrap();
        let both = proto::AuthorityGrant { covers_unlisted_lines: true, covers_lines_below_floor: true, ..freely("tim") };
        let both = admin.grant(both).await.unwrap();
        assert!(both.covers_unlisted_lines && both.covers_lines_below_floor);

        for (entry, cents, asked) in [
            (list.as_str(), 900, 0),
            (&list, 700, 1),
            (&partners, 1_000, 1),
            ("", 1, 1),
        ] {
            let line = proto::QuoteLine { product: pen.clone(), price_book_entry: entry.into(), ..line("10", cents, 0) };
            let content = proto::QuoteContent { lines: vec![line], ..content(0) };
            for (who, asked) in [("tom", asked), ("tim", 0)] {
                let seller = company.sven.acting_as(&format!("employees/{who}"));
                let quote = seller.create(&company.customer, content.clone(), 400_000).await.unwrap();
                let quote = seller.submit(&quote).await.unwrap();
                assert_eq!((quote.pending_level, quote.binding), (asked, asked == 0), "{who}: {entry} at {cents}");
            }
        }
        let approving = grant("tom", proto::AuthorityAction::ApproveQuotes, 1, 0);
        let wrong = proto::AuthorityGrant { covers_unlisted_lines: true, covers_lines_below_floor: true, ..approving };
        let refused = admin.grant(wrong).await.unwrap_err();
        let named = ["covers_unlisted_lines", "covers_lines_below_floor"].map(|it| format!("authority_grant.{it}"));
        assert_eq!(fields(&refused), named);
    }
}
