//! Customers as rows.

use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use uuid::Uuid;

use super::{Content, Model, attributes};
use crate::domain::hierarchy::Member;
use crate::domain::lifecycle::FIRST;
use crate::domain::names::{
    CustomerKind, CustomerName, OrganisationName, PersonName, PersonNameParts,
};
use crate::domain::profile::{BirthDate, Organisation, Person, Profile};
use crate::error::{Error, unreadable};

const READING: &str = "reading a stored customer";

/// What the service itself knows about a customer.
struct Circumstances {
    customer_id: Uuid,
    lifecycle_stage: i16,
    merged_count: i32,
    version: i64,
    create_time: Timestamp,
    delete_time: Option<Timestamp>,
}

/// The columns of one kind of customer.
#[derive(Default)]
struct ProfileColumns {
    name: String,
    given_name: Option<String>,
    family_name: Option<String>,
    salutation: Option<String>,
    birth_date: Option<i32>,
    trading_name: Option<String>,
    industry: Option<String>,
    employee_count: Option<i32>,
    founding_year: Option<i16>,
    annual_revenue: Option<i64>,
    annual_revenue_currency: Option<String>,
}

/// The row of a new customer.
pub(super) fn new(ctx: &Context, content: &Content) -> Result<Model, Error> {
    let begins = Circumstances {
        customer_id: new_id(),
        lifecycle_stage: FIRST.code(),
        merged_count: 0,
        version: 1,
        create_time: ctx.now,
        delete_time: None,
    };
    write(ctx, content, begins)
}

/// The row with another content.
pub(super) fn changed(ctx: &Context, before: &Model, content: &Content) -> Result<Model, Error> {
    let goes_on = Circumstances {
        customer_id: before.customer_id,
        lifecycle_stage: before.lifecycle_stage,
        merged_count: before.merged_count,
        version: before.version + 1,
        create_time: before.create_time,
        delete_time: before.delete_time,
    };
    write(ctx, content, goes_on)
}

/// The name in a row.
pub(crate) fn name(row: &Model) -> Result<CustomerName, Error> {
    let text = |column: &Option<String>| column.clone().unwrap_or_default();
    let name = match kind(row)? {
        CustomerKind::Person => PersonName::parse(PersonNameParts {
            full_name: &row.name,
            given_name: &text(&row.given_name),
            family_name: &text(&row.family_name),
            salutation: &text(&row.salutation),
        })
        .map(CustomerName::Person),
        CustomerKind::Organisation => OrganisationName::parse(&row.name, &text(&row.trading_name))
            .map(CustomerName::Organisation),
    };
    name.map_err(unreadable(READING))
}

/// The customer in a row, as a member of organisations.
pub(crate) fn member(row: &Model) -> Result<Member, Error> {
    Ok(Member {
        id: row.customer_id,
        kind: kind(row)?,
    })
}

fn kind(row: &Model) -> Result<CustomerKind, Error> {
    CustomerKind::try_from(i32::from(row.kind)).map_err(unreadable(READING))
}

fn write(ctx: &Context, content: &Content, circumstances: Circumstances) -> Result<Model, Error> {
    let Content {
        details,
        parent,
        attributes,
    } = content;
    let ProfileColumns {
        name,
        given_name,
        family_name,
        salutation,
        birth_date,
        trading_name,
        industry,
        employee_count,
        founding_year,
        annual_revenue,
        annual_revenue_currency,
    } = match details.profile() {
        Profile::Person(person) => person_columns(person),
        Profile::Organisation(organisation) => organisation_columns(organisation),
    };
    Ok(Model {
        tenant_id: ctx.tenant,
        customer_id: circumstances.customer_id,
        kind: details.profile().kind().code(),
        name,
        given_name,
        family_name,
        salutation,
        birth_date,
        trading_name,
        industry,
        employee_count,
        founding_year,
        annual_revenue,
        annual_revenue_currency,
        parent_id: *parent,
        language_code: details
            .language()
            .map(|language| language.as_str().to_owned()),
        region_code: details.region().map(|region| region.code().to_owned()),
        time_zone: details.time_zone().map(|zone| zone.as_str().to_owned()),
        primary_employee: details.primary_employee().map(str::to_owned),
        attributes: attributes::to_json(attributes)?,
        lifecycle_stage: circumstances.lifecycle_stage,
        // Nobody changes a record that was merged.
        merged_into: None,
        join_time: None,
        merged_count: circumstances.merged_count,
        version: circumstances.version,
        create_time: circumstances.create_time,
        update_time: ctx.now,
        delete_time: circumstances.delete_time,
    })
}

fn person_columns(person: &Person) -> ProfileColumns {
    let name = person.name();
    ProfileColumns {
        name: name.full().to_owned(),
        given_name: name.given().map(str::to_owned),
        family_name: name.family().map(str::to_owned),
        salutation: name.salutation().map(str::to_owned),
        birth_date: person.birth_date().map(birth_date_number),
        ..ProfileColumns::default()
    }
}

fn organisation_columns(organisation: &Organisation) -> ProfileColumns {
    let name = organisation.name();
    let count = organisation.employee_count();
    let revenue = organisation.annual_revenue();
    ProfileColumns {
        name: name.legal().to_owned(),
        trading_name: name.trading().map(str::to_owned),
        industry: organisation.industry().map(str::to_owned),
        // Came as `int32`.
        employee_count: count.and_then(|count| i32::try_from(count).ok()),
        founding_year: organisation.founding_year(),
        annual_revenue: revenue.map(|revenue| revenue.minor()),
        annual_revenue_currency: revenue.map(|revenue| revenue.currency().code().to_owned()),
        ..ProfileColumns::default()
    }
}

/// Year, month and day as the digits of one number.
fn birth_date_number(date: BirthDate) -> i32 {
    let year = i32::from(date.year().unwrap_or(0));
    year * 10_000 + i32::from(date.month()) * 100 + i32::from(date.day())
}
