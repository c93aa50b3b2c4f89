use proptest::prelude::*;

use super::*;

fn parts<'a>(subject: &'a str, text: &'a str) -> TemplateParts<'a> {
    TemplateParts {
        display_name: "Confirmation",
        channel: Channel::Email.number(),
        subject,
        text,
        html: "",
        merge_fields: vec![("order", "Number of the order"), ("total", "")],
    }
}

fn ada() -> CustomerFields {
    CustomerFields {
        display_name: "Ada Lovelace".to_owned(),
        given_name: Some("Ada".to_owned()),
        ..CustomerFields::default()
    }
}

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn faults(parts: &TemplateParts<'_>) -> Vec<String> {
    let refused = Template::parse(parts).unwrap_err();
    refused.at("").into_iter().map(|it| it.field).collect()
}

#[test]
fn a_template_is_filled_in_for_a_customer() {
    let html = "<p>{{ customer.display_name }}: {{ order }}</p>";
    let template = Template::parse(&TemplateParts {
        html,
        ..parts(
            "Order {{ order }}",
            "Dear {{ customer.given_name|default('customer') }}{% if total %}, {{ total }}{% endif %}",
        )
    })
    .unwrap();

    let rendered = template
        .render(&values(&[("order", "<17>"), ("total", "CHF 5")]), &ada())
        .unwrap();

    assert_eq!(rendered.subject, "Order <17>");
    assert_eq!(rendered.text, "Dear Ada, CHF 5");
    assert_eq!(rendered.html.unwrap(), "<p>Ada Lovelace: &lt;17&gt;</p>");
}

#[test]
fn values_are_not_templates() {
    let template = Template::parse(&parts("s {{ order }}", "")).unwrap();
    let sent = values(&[("order", "{{ customer.given_name }}"), ("total", "")]);
    let rendered = template.render(&sent, &ada()).unwrap();
    assert_eq!(rendered.subject, "s {{ customer.given_name }}");
}

#[test]
fn a_text_that_cannot_be_read_is_refused_with_its_line() {
    let refused = Template::parse(&parts("ok", "fine\n{{ order ")).unwrap_err();
    assert!(
        refused.to_string().contains("text can't be read"),
        "{refused}"
    );
    assert!(refused.to_string().contains("(line 2)"), "{refused}");
}

#[test]
fn a_text_uses_what_is_declared_or_known_of_customers() {
    for text in [
        "{{ ordr }}",
        "{{ customer.birth_date }}",
        "{{ customer }}",
        "{{ order.length }}",
        "{{ range(9) }}",
        "{{ order|length }}",
        "{{ order is even }}",
        "{{ order.upper() }}",
        "{% for it in order %}{{ it }}{% endfor %}",
        "{{ 'x' * 1000000 }}",
    ] {
        assert_eq!(faults(&parts("ok", text)), ["text"], "{text}");
    }
}

#[test]
fn declarations_are_checked() {
    for (fields, at) in [
        (vec![("Order", "")], "merge_fields[0].key"),
        (vec![("customer", "")], "merge_fields[0].key"),
        (vec![("a", ""), ("a", "")], "merge_fields[1]"),
    ] {
        let merge_fields = fields;
        let parts = TemplateParts {
            merge_fields,
            ..parts("ok", "")
        };
        assert_eq!(faults(&parts), [at]);
    }
}

#[test]
fn html_is_for_mail_and_comes_with_text() {
    let html = "<p>";
    assert_eq!(
        faults(&TemplateParts {
            html,
            ..parts("ok", "")
        }),
        ["text"]
    );
    let channel = Channel::Sms.number();
    assert_eq!(
        faults(&TemplateParts {
            html,
            channel,
            ..parts("ok", "x")
        }),
        ["html"]
    );
}

#[test]
fn what_is_missing_or_too_much_refuses_the_message() {
    let template = Template::parse(&parts("{{ order }}", "{{ customer.salutation }}")).unwrap();
    let at = |sent: &[(&str, &str)]| -> Vec<String> {
        let refused = template.render(&values(sent), &ada()).unwrap_err();
        refused.at("").into_iter().map(|it| it.field).collect()
    };
    assert_eq!(at(&[("order", "1"), ("total", "2")]), ["template"]);
    assert!(at(&[("order", "1")]).contains(&"merge_fields.total".to_owned()));
    let unknown = [("order", "1"), ("total", "2"), ("ada@example.com", "3")];
    assert!(at(&unknown).contains(&"merge_fields".to_owned()));
    let refused = template.render(&values(&unknown), &ada()).unwrap_err();
    assert!(
        !refused.to_string().contains("ada@"),
        "no personal data in {refused}"
    );
}

#[test]
fn a_message_that_becomes_too_long_is_refused() {
    let text = "{{ order }}".repeat(5_000);
    let template = Template::parse(&parts("ok", &text)).unwrap();
    let long = "x".repeat(1_000);
    let sent = values(&[("order", &long), ("total", "")]);
    let refused = template.render(&sent, &ada()).unwrap_err();
    assert!(refused.to_string().contains("too long"), "{refused}");
}

proptest! {
    #[test]
    fn no_text_does_harm(text in "(\\{\\{|\\}\\}|\\{%|%\\}|[a-z|'\" .()*~+\\[\\]-]){0,40}") {
        let _ = Template::parse(&parts("ok", &text));
    }
}
