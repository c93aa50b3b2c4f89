//! Whatever a caller sends gets an answer with a reason, and never a fault of ours.

use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::price_book_service_client::PriceBookServiceClient;

use super::super::prices::{book, priced};
use super::super::proposals::{of, offer};
use super::{Company, DAY, content, grant, rule};
use crate::testing::Caller;

on_each_engine! {
    async fn no_string_of_any_request_is_a_fault_of_ours(db: Database) {
        let company = Company::open(&db).await;
        let sven = &company.sven;
        let pen = sven.product().await;
        let permitted = sven.with(|ctx| ctx.permit = Some(new_id()));
        let books = |caller: &Caller| PriceBookServiceClient::new(caller.link());
        let list = sven.book(book("List")).await;
        let price = sven.price(&list, &[priced(&pen, 100)]).await.unwrap().remove(0);
        let sent = company.sent(150_000).await;
        let mut calls = 0;
        let segmented = proto::PriceBook { segments: vec!["segments/a".into()], ..list.clone() };
        calls += spoil!(books(sven), create_price_book, CreatePriceBookRequest { price_book: Some(segmented.clone()) });
        calls += spoil!(books(sven), update_price_book, UpdatePriceBookRequest { price_book: Some(segmented) });
        calls += spoil!(books(sven), get_price_book, GetPriceBookRequest { name: list.name.clone() });
        calls += spoil!(books(sven), list_price_books, ListPriceBooksRequest {});
        calls += spoil!(books(sven), delete_price_book, DeletePriceBookRequest { name: list.name.clone() });
        calls += spoil!(books(sven), batch_set_prices, BatchSetPricesRequest { parent: list.name.clone(), entries: vec![price.clone()] });
        calls += spoil!(books(sven), batch_remove_prices, BatchRemovePricesRequest { parent: list.name.clone(), products: vec![pen.clone()] });
        calls += spoil!(books(sven), get_price_book_entry, GetPriceBookEntryRequest { name: price.name.clone() });
        calls += spoil!(books(sven), list_price_book_entries, ListPriceBookEntriesRequest { parent: list.name.clone() });
        let question = proto::PriceQuestion { product: pen, quantity: "1".into() };
        calls += spoil!(books(sven), look_up_prices, LookUpPricesRequest {
            lines: vec![question], currency_code: "EUR".into(), tax_treatment: 1, segments: vec!["segments/a".into()],
        });

        calls += spoil!(sven.quotes(), create_quote, CreateQuoteRequest { quote: Some(sent.clone()), max_discount_ppm: 1_000_000 });
        calls += spoil!(sven.quotes(), get_quote, GetQuoteRequest { name: sent.name.clone() });
        calls += spoil!(sven.quotes(), list_quotes, ListQuotesRequest { filter: "owner = \"a\"".into() });
        calls += spoil!(sven.quotes(), get_quote_revision, GetQuoteRevisionRequest { name: format!("{}/revisions/1", sent.name) });
        calls += spoil!(sven.quotes(), list_quote_revisions, ListQuoteRevisionsRequest { parent: sent.name.clone() });
        calls += spoil!(sven.quotes(), list_quote_sends, ListQuoteSendsRequest { parent: sent.name.clone() });
        calls += spoil!(permitted.quotes(), send_quote, SendQuoteRequest {
            name: sent.name.clone(), revision: 1, customer: sent.customer.clone(), channel: 6,
        });
        calls += spoil!(sven.quotes(), revise_quote, ReviseQuoteRequest {
            name: sent.name.clone(), customer: sent.customer.clone(), content: Some(content(0)), etag: sent.etag.clone(), max_discount_ppm: 0,
        });
        let quote = company.quote(150_000).await;
        let (name, etag) = (quote.name.clone(), quote.etag.clone());
        calls += spoil!(company.mona.quotes(), approve_quote, ApproveQuoteRequest { name: name.clone(), revision: 1, etag: etag.clone() });
        calls += spoil!(company.mona.quotes(), decline_quote, DeclineQuoteRequest { name: name.clone(), revision: 1, etag: etag });
        calls += spoil!(sven.quotes(), accept_quote, AcceptQuoteRequest { name: name.clone(), revision: 1 });
        calls += spoil!(sven.quotes(), reject_quote, RejectQuoteRequest { name: sent.name.clone(), revision: 1 });
        calls += spoil!(sven.quotes(), supersede_quote, SupersedeQuoteRequest { name: name.clone(), successor: sent.name.clone() });
        calls += spoil!(sven.quotes(), submit_quote, SubmitQuoteRequest { name: name, revision: 1 });

        let template = sven.template(offer()).await.unwrap();
        let rendered = sven.render(of(&sent, &template)).await.unwrap();
        let render = of(&sent, &template);
        calls += spoil!(sven.proposals(), render_proposal, RenderProposalRequest {
            parent: render.parent, proposal_template: render.proposal_template, merge_fields: render.merge_fields,
        });
        calls += spoil!(sven.proposals(), get_proposal, GetProposalRequest { name: rendered.name.clone() });
        calls += spoil!(sven.proposals(), list_proposals, ListProposalsRequest { parent: sent.name.clone() });
        calls += spoil!(sven.proposals(), download_proposal, DownloadProposalRequest { name: rendered.name, format: 1 });
        let templates = || sven.proposal_templates();
        calls += spoil!(templates(), create_proposal_template, CreateProposalTemplateRequest { proposal_template: Some(offer()) });
        calls += spoil!(templates(), update_proposal_template, UpdateProposalTemplateRequest { proposal_template: Some(template.clone()) });
        calls += spoil!(templates(), get_proposal_template, GetProposalTemplateRequest { name: template.name.clone() });
        calls += spoil!(templates(), list_proposal_templates, ListProposalTemplatesRequest {});
        calls += spoil!(templates(), delete_proposal_template, DeleteProposalTemplateRequest { name: template.name });

        let granted = grant("bob", proto::AuthorityAction::ApproveQuotes, 1, 0);
        let now = sven.ctx.now;
        calls += spoil!(sven.authorities(), grant_authority, GrantAuthorityRequest { authority_grant: Some(granted) });
        calls += spoil!(sven.authorities(), revoke_authority, RevokeAuthorityRequest { name: format!("authorityGrants/{}", new_id()) });
        calls += spoil!(sven.authorities(), get_authority_grant, GetAuthorityGrantRequest { name: format!("authorityGrants/{}", new_id()) });
        calls += spoil!(sven.authorities(), get_authority_delegation, GetAuthorityDelegationRequest { name: format!("authorityDelegations/{}", new_id()) });
        calls += spoil!(sven.authorities(), list_authority_grants, ListAuthorityGrantsRequest { filter: "grantee = \"a\"".into() });
        calls += spoil!(sven.authorities(), delegate_authority, DelegateAuthorityRequest {
            delegate: "employees/bob".into(), valid_to_time: Some(now.saturating_add(DAY).into()),
        });
        calls += spoil!(sven.authorities(), assign_delegation, AssignDelegationRequest {
            authority_delegation: Some(proto::AuthorityDelegation {
                delegator: "employees/eve".into(), delegate: "employees/bob".into(),
                valid_from_time: Some(now.into()), valid_to_time: Some(now.saturating_add(DAY).into()), ..Default::default()
            }),
        });
        calls += spoil!(sven.authorities(), revoke_delegation, RevokeDelegationRequest { name: format!("authorityDelegations/{}", new_id()) });
        calls += spoil!(sven.authorities(), list_authority_delegations, ListAuthorityDelegationsRequest { filter: "delegate = \"a\"".into() });
        calls += spoil!(sven.authorities(), query_authority, QueryAuthorityRequest { grantee: "employees/bob".into() });
        calls += spoil!(sven.policies(), get_approval_policy, GetApprovalPolicyRequest { name: "approvalPolicy".into() });
        calls += spoil!(sven.policies(), set_approval_policy, SetApprovalPolicyRequest {
            approval_policy: Some(proto::ApprovalPolicy { rules: vec![rule(1)], ..Default::default() }),
        });
        assert!(calls > 400, "{calls}");
    }
}
