//! What proposals look like.

use prost::Message as _;
use rapport_platform::etag::Etag;
use rapport_platform::invalid::InvalidFields;
use rapport_proto::rapport::sales::v1 as proto;

use crate::domain::proposal::template::{BlockParts, Labels, Template, TemplateParts};
use crate::error::{Error, unreadable};
use crate::resource::PROPOSAL_TEMPLATE;
use crate::store::entity::proposal_template::Model;

const READING: &str = "reading a stored proposal template";

/// What callers may name in an update.
pub(in crate::grpc) const UPDATABLE: [&str; 12] = [
    "display_name",
    "language_code",
    "number_format",
    "date_format",
    "time_zone",
    "page_size",
    "title",
    "message",
    "footer",
    "blocks",
    "labels",
    "merge_fields",
];

/// The template in a message.
pub(in crate::grpc) fn parse(sent: &proto::ProposalTemplate) -> Result<Template, InvalidFields> {
    let proto::ProposalTemplate {
        name: _,
        display_name,
        language_code,
        number_format,
        date_format,
        time_zone,
        page_size,
        title,
        message,
        footer,
        blocks,
        labels,
        merge_fields,
        version: _,
        author: _,
        create_time: _,
        update_time: _,
        etag: _,
    } = sent;
    let merge_fields = merge_fields.iter();
    Template::parse(&TemplateParts {
        display_name,
        language: language_code,
        numbers: *number_format,
        dates: *date_format,
        time_zone,
        page: *page_size,
        title,
        message,
        footer,
        blocks: blocks.iter().map(block).collect(),
        labels: labels.as_ref().map(self::labels).unwrap_or_default(),
        merge_fields: merge_fields
            .map(|it| (it.key.as_str(), it.description.as_str()))
            .collect(),
    })
}

fn block(block: &proto::ProposalBlock) -> Option<BlockParts<'_>> {
    use proto::proposal_block::Kind;
    Some(match block.kind.as_ref()? {
        Kind::Heading(text) => BlockParts::Heading(text),
        Kind::Paragraph(text) => BlockParts::Paragraph(text),
        Kind::List(list) => BlockParts::List(&list.items),
        Kind::Lines(lines) => BlockParts::Lines(&lines.columns),
        Kind::Totals(proto::ProposalTotals {}) => BlockParts::Totals,
        Kind::PageBreak(proto::ProposalPageBreak {}) => BlockParts::PageBreak,
    })
}

fn labels(labels: &proto::ProposalLabels) -> Labels<&str> {
    let proto::ProposalLabels {
        position,
        description,
        quantity,
        unit_price,
        discount,
        tax,
        net_amount,
        gross_amount,
        subtotal,
        total,
        page,
        draft,
    } = labels;
    Labels {
        position,
        description,
        quantity,
        unit_price,
        discount,
        tax,
        net_amount,
        gross_amount,
        subtotal,
        total,
        page,
        draft,
    }
}

/// What is kept of a template: what callers set of it.
pub(in crate::grpc) fn document(sent: &proto::ProposalTemplate) -> proto::ProposalTemplate {
    proto::ProposalTemplate {
        name: String::new(),
        version: 0,
        author: String::new(),
        create_time: None,
        update_time: None,
        etag: String::new(),
        ..sent.clone()
    }
}

/// The template in a row.
pub(in crate::grpc) fn to_proto(row: Model) -> Result<proto::ProposalTemplate, Error> {
    let Model {
        tenant_id: _,
        template_id,
        version,
        document,
        author,
        create_time,
        update_time,
    } = row;
    let document = proto::ProposalTemplate::decode(document.as_slice());
    Ok(proto::ProposalTemplate {
        name: PROPOSAL_TEMPLATE.format(&[template_id]),
        version,
        author,
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        etag: Etag::of(version),
        ..document.map_err(unreadable(READING))?
    })
}

/// The template that a row holds.
pub(in crate::grpc) fn from_row(row: &Model) -> Result<Template, Error> {
    let document = proto::ProposalTemplate::decode(row.document.as_slice());
    parse(&document.map_err(unreadable(READING))?).map_err(unreadable(READING))
}
