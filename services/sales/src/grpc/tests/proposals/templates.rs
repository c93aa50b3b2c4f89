//! What proposals look like, in versions.

use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::sales::v1 as proto;
use tonic::{Code, Status};

use super::super::announcements::told_of;
use super::super::mask;
use super::{block, inner, of, offer};
use crate::grpc::tests::quotes::Company;
use crate::testing::{Caller, fields, reason};

impl Caller {
    async fn template_named(
        &self,
        name: &str,
        version: i64,
    ) -> Result<proto::ProposalTemplate, Status> {
        let request = proto::GetProposalTemplateRequest {
            name: name.to_owned(),
            version,
        };
        inner(
            self.proposal_templates()
                .get_proposal_template(request)
                .await,
        )
    }

    async fn rewrite(
        &self,
        template: &proto::ProposalTemplate,
        title: &str,
    ) -> Result<proto::ProposalTemplate, Status> {
        let request = proto::UpdateProposalTemplateRequest {
            proposal_template: Some(proto::ProposalTemplate {
                title: title.to_owned(),
                ..template.clone()
            }),
            update_mask: mask(&["title"]),
            ..Default::default()
        };
        inner(
            self.proposal_templates()
                .update_proposal_template(request)
                .await,
        )
    }

    async fn drop_template(&self, template: &proto::ProposalTemplate) -> Result<(), Status> {
        let request = proto::DeleteProposalTemplateRequest {
            name: template.name.clone(),
            etag: template.etag.clone(),
            request_id: new_id().to_string(),
        };
        inner(
            self.proposal_templates()
                .delete_proposal_template(request)
                .await,
        )
    }
}

on_each_engine! {
    async fn every_change_is_a_version_and_proposals_name_theirs(db: Database) {
        let company = Company::open(&db).await;
        let (sven, quote) = (&company.sven, company.approved(150_000).await);
        let first = sven.template(offer()).await.unwrap();
        let second = sven.rewrite(&first, "Angebot {{ quote.title }}").await.unwrap();
        assert_eq!((first.version, second.version), (1, 2));
        assert_eq!(sven.template_named(&first.name, 1).await.unwrap(), first);
        assert_eq!(sven.template_named(&first.name, 0).await.unwrap(), second);
        let new = sven.render(of(&quote, &first)).await.unwrap();
        let old = sven.render(proto::RenderProposalRequest { template_version: 1, ..of(&quote, &first) }).await.unwrap();
        assert_eq!([(new.template_version, new.title.as_str()), (old.template_version, old.title.as_str())],
            [(2, "Angebot Pens"), (1, "Offerte Pens")]);

        assert_eq!(sven.rewrite(&first, "Late").await.unwrap_err().code(), Code::Aborted);
        assert_eq!(sven.drop_template(&first).await.unwrap_err().code(), Code::Aborted);
        sven.drop_template(&second).await.unwrap();
        assert_eq!(reason(&sven.template_named(&first.name, 0).await.unwrap_err()), "RESOURCE_NOT_FOUND");
        assert_eq!(sven.template_named(&first.name, 2).await.unwrap().title, second.title);
        assert_eq!(reason(&sven.render(of(&quote, &first)).await.unwrap_err()), "RESOURCE_NOT_FOUND");
        let told: Vec<_> = told_of(&db, &first.name).await.into_iter().map(|it| (it.0, it.1)).collect();
        let kinds = [("ProposalTemplateChanged", 1), ("ProposalTemplateChanged", 2), ("ProposalTemplateDeleted", 3)];
        assert_eq!(told, kinds.map(|(kind, version)| (kind.to_owned(), version)));
    }

    async fn of_two_who_write_the_next_version_at_once_one_is_told(db: Database) {
        let company = Company::open(&db).await;
        let template = company.sven.template(offer()).await.unwrap();
        let (one, other) = tokio::join!(company.sven.rewrite(&template, "One"), company.mona.rewrite(&template, "Other"));
        let lost = [one.err(), other.err()].into_iter().flatten().map(|it| it.code()).collect::<Vec<_>>();
        assert_eq!(lost, [Code::Aborted]);
        assert_eq!(company.sven.template_named(&template.name, 0).await.unwrap().version, 2);
    }

    async fn what_can_not_be_filled_in_is_not_kept(db: Database) {
        let company = Company::open(&db).await;
        let sven = &company.sven;
        use proto::proposal_block::Kind;
        let looping = block(Kind::Paragraph("{% for a in quote %}{{ a }}{% endfor %}".to_owned()));
        for (template, field) in [
            (proto::ProposalTemplate { title: "{{ quote.tilte }}".to_owned(), ..offer() }, "proposal_template.title"),
            (proto::ProposalTemplate { blocks: vec![looping], ..offer() }, "proposal_template.blocks[0].paragraph"),
            (proto::ProposalTemplate { time_zone: "Mars".to_owned(), ..offer() }, "proposal_template.time_zone"),
        ] {
            assert_eq!(fields(&sven.template(template).await.unwrap_err()), [field]);
        }
        let template = sven.template(offer()).await.unwrap();
        assert_eq!(fields(&sven.rewrite(&template, "{{ intor }}").await.unwrap_err()), ["proposal_template.title"]);
        assert_eq!(reason(&sven.of_another_tenant().rewrite(&template, "Mine").await.unwrap_err()), "RESOURCE_NOT_FOUND");
        let listed = inner(sven.proposal_templates().list_proposal_templates(proto::ListProposalTemplatesRequest::default()).await).unwrap();
        assert_eq!(listed.proposal_templates, [template]);
    }
}
