//! Pipelines.

use rapport_platform::etag::Etag;
use rapport_platform::invalid::InvalidFields;
use rapport_proto::rapport::sales::v1 as proto;

use crate::domain::pipeline::{CloseReason, CloseReasonParts, Pipeline, Stage, StageParts};
use crate::error::Error;
use crate::resource;
use crate::store::entity::pipeline::Model;
use crate::store::pipeline;

/// What callers may name in an update.
pub(in crate::grpc) const UPDATABLE: [&str; 3] = ["display_name", "stages", "close_reasons"];

/// What a message says of a pipeline.
pub(in crate::grpc) fn parse(sent: &proto::Pipeline) -> Result<Pipeline, InvalidFields> {
    let proto::Pipeline {
        name: _,
        display_name,
        stages,
        close_reasons,
        create_time: _,
        update_time: _,
        etag: _,
    } = sent;
    let stages: Vec<_> = stages.iter().map(stage_parts).collect();
    let close_reasons: Vec<_> = close_reasons.iter().map(reason_parts).collect();
    Pipeline::parse(display_name, &stages, &close_reasons)
}

fn stage_parts(stage: &proto::Stage) -> StageParts {
    let proto::Stage {
        key,
        display_name,
        state,
        probability,
        forecast_category,
        stalled_after_days,
    } = stage.clone();
    StageParts {
        key,
        display_name,
        state,
        probability,
        category: forecast_category,
        stalled_after_days,
    }
}

fn reason_parts(reason: &proto::CloseReason) -> CloseReasonParts {
    let proto::CloseReason {
        key,
        display_name,
        state,
    } = reason.clone();
    CloseReasonParts {
        key,
        display_name,
        state,
    }
}

/// The pipeline in a row.
pub(in crate::grpc) fn to_proto(row: &Model) -> Result<proto::Pipeline, Error> {
    let parsed = pipeline::read(row)?;
    let Model {
        tenant_id: _,
        pipeline_id,
        display_name,
        stages: _,
        close_reasons: _,
        version,
        create_time,
        update_time,
    } = row.clone();
    Ok(proto::Pipeline {
        name: resource::pipeline(pipeline_id),
        display_name,
        stages: parsed.stages().iter().map(stage).collect(),
        close_reasons: parsed.close_reasons().iter().map(reason).collect(),
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        etag: Etag::of(version),
    })
}

fn stage(stage: &Stage) -> proto::Stage {
    let StageParts {
        key,
        display_name,
        state,
        probability,
        category,
        stalled_after_days,
    } = stage.parts();
    proto::Stage {
        key,
        display_name,
        state,
        probability,
        forecast_category: category,
        stalled_after_days,
    }
}

fn reason(reason: &CloseReason) -> proto::CloseReason {
    let CloseReasonParts {
        key,
        display_name,
        state,
    } = reason.parts();
    proto::CloseReason {
        key,
        display_name,
        state,
    }
}
