//! Where a customer stands between first awareness and win-back, and what moves it.

use rapport_platform::numbered;

numbered! {
    /// Where a customer stands in the relationship with the company.
    pub enum Stage as "lifecycle stage" {
        /// Has heard of the company, or the company of it.
        Awareness = 1 "AWARENESS",
        /// In contact, with an interest that can be named.
        Acquisition = 2 "ACQUISITION",
        /// Has bought for the first time.
        Conversion = 3 "CONVERSION",
        /// Buys or uses regularly.
        Retention = 4 "RETENTION",
        /// Has left or gone quiet.
        Lapsed = 5 "LAPSED",
        /// Had lapsed and is coming back.
        WinBack = 6 "WIN_BACK",
    }
}

numbered! {
    /// What a customer did, observed without asking.
    pub enum BehaviourKind as "kind of behaviour" {
        /// Looked at something of ours.
        Visit = 1 "VISIT",
        /// Asked about something.
        Inquiry = 2 "INQUIRY",
        /// Signed up for an account or a newsletter.
        SignUp = 3 "SIGN_UP",
        /// Tried a product.
        Trial = 4 "TRIAL",
        /// Bought for the first time.
        Purchase = 5 "PURCHASE",
        /// Bought again.
        RepeatPurchase = 6 "REPEAT_PURCHASE",
        /// Cancelled or gave back.
        Cancellation = 7 "CANCELLATION",
        /// Was not seen for as long as the tenant calls inactive.
        Inactivity = 8 "INACTIVITY",
        /// Came back after having lapsed.
        Return = 9 "RETURN",
    }
}

/// The stage of a customer whose first stage nobody named.
pub const FIRST: Stage = Stage::Awareness;

impl Stage {
    /// The stages that this one leads to. One goes forward from awareness to retention, can lapse
    /// from anywhere, and after a lapse comes back only by win-back: first awareness happens once.
    pub const fn leads_to(self) -> &'static [Self] {
        match self {
            Self::Awareness => &[Self::Acquisition, Self::Conversion, Self::Lapsed],
            Self::Acquisition => &[Self::Conversion, Self::Lapsed],
            Self::Conversion => &[Self::Retention, Self::Lapsed],
            Self::Retention => &[Self::Lapsed],
            Self::Lapsed => &[Self::WinBack],
            Self::WinBack => &[Self::Conversion, Self::Retention, Self::Lapsed],
        }
    }

    /// Checks a move that somebody asks for.
    pub fn move_to(self, stage: Self) -> Result<Transition, RefusedMove> {
        if self.leads_to().contains(&stage) {
            Ok(Transition {
                from: Some(self),
                to: stage,
            })
        } else {
            Err(RefusedMove {
                from: self,
                to: stage,
            })
        }
    }

    /// The stage that a behaviour shows, when this stage leads there; none when the customer stays.
    ///
    /// A purchase after a lapse goes to win-back first: that is what it shows, and the next one
    /// makes it retention.
    pub const fn advance(self, behaviour: BehaviourKind) -> Option<Self> {
        use BehaviourKind as Did;
        match (self, behaviour) {
            (Self::Awareness, Did::Inquiry | Did::SignUp | Did::Trial) => Some(Self::Acquisition),
            (Self::Awareness | Self::Acquisition, Did::Purchase | Did::RepeatPurchase) => {
                Some(Self::Conversion)
            }
            (Self::Conversion, Did::RepeatPurchase) => Some(Self::Retention),
            (Self::WinBack, Did::Purchase | Did::RepeatPurchase) => Some(Self::Retention),
            (
                Self::Lapsed,
                Did::Visit
                | Did::Inquiry
                | Did::SignUp
                | Did::Trial
                | Did::Purchase
                | Did::RepeatPurchase
                | Did::Return,
            ) => Some(Self::WinBack),
            (
                Self::Awareness
                | Self::Acquisition
                | Self::Conversion
                | Self::Retention
                | Self::WinBack,
                Did::Cancellation | Did::Inactivity,
            ) => Some(Self::Lapsed),
            _ => None,
        }
    }
}

/// An allowed step of a customer's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    from: Option<Stage>,
    to: Stage,
}

impl Transition {
    /// The first entry of a history.
    pub const fn first(stage: Stage) -> Self {
        Self {
            from: None,
            to: stage,
        }
    }

    /// The step that a behaviour causes; none when the customer stays where it is.
    pub fn caused_by(behaviour: BehaviourKind, from: Stage) -> Option<Self> {
        let to = from.advance(behaviour)?;
        Some(Self {
            from: Some(from),
            to,
        })
    }

    /// The stage before; none for the first entry.
    pub const fn from(self) -> Option<Stage> {
        self.from
    }

    /// The stage after.
    pub const fn to(self) -> Stage {
        self.to
    }
}

/// A move that the customer's stage does not lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.reason())]
pub struct RefusedMove {
    /// Where the customer stands.
    pub from: Stage,
    /// Where it should have gone.
    pub to: Stage,
}

impl RefusedMove {
    fn reason(self) -> String {
        let Self { from, to } = self;
        let why = match (from, to) {
            (same, other) if same == other => "the customer stands there already",
            (_, Stage::Awareness) => "first awareness happens once",
            (Stage::Lapsed, _) => "a customer who lapsed comes back by win-back first",
            (_, Stage::WinBack) => "only a customer who lapsed can be won back",
            (Stage::Awareness | Stage::Acquisition, _) => {
                "a customer is retained only after the first purchase"
            }
            _ => "a customer who bought does not go back before the purchase",
        };
        let possible: Vec<_> = from.leads_to().iter().map(|it| it.label()).collect();
        format!(
            "{from} does not lead to {to}: {why}. It leads to {}.",
            possible.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use BehaviourKind as Did;
    use Stage::{Acquisition, Awareness, Conversion, Lapsed, Retention, WinBack};

    #[test]
    fn only_these_moves_are_allowed() {
        for (from, allowed) in [
            (Awareness, &[Acquisition, Conversion, Lapsed][..]),
            (Acquisition, &[Conversion, Lapsed]),
            (Conversion, &[Retention, Lapsed]),
            (Retention, &[Lapsed]),
            (Lapsed, &[WinBack]),
            (WinBack, &[Conversion, Retention, Lapsed]),
        ] {
            for &to in Stage::ALL {
                assert_eq!(
                    from.move_to(to).is_ok(),
                    allowed.contains(&to),
                    "{from} to {to}"
                );
            }
        }
    }

    #[test]
    fn a_refused_move_says_why_and_what_is_possible() {
        for (from, to, says) in [
            (Retention, Retention, "stands there already"),
            (Lapsed, Awareness, "happens once"),
            (Lapsed, Retention, "by win-back first"),
            (Retention, WinBack, "only a customer who lapsed"),
            (Acquisition, Retention, "only after the first purchase"),
            (Retention, Acquisition, "does not go back"),
        ] {
            let refused = from.move_to(to).unwrap_err().to_string();
            assert!(refused.contains(says), "{refused}");
        }
        let refused = Lapsed.move_to(Retention).unwrap_err().to_string();
        assert!(refused.ends_with("It leads to WIN_BACK."));
    }

    #[test]
    fn a_customers_life_is_told_by_what_it_does() {
        let mut stage = FIRST;
        for (did, becomes) in [
            (Did::Visit, Awareness),
            (Did::Inquiry, Acquisition),
            (Did::Trial, Acquisition),
            (Did::Purchase, Conversion),
            (Did::Purchase, Conversion),
            (Did::RepeatPurchase, Retention),
            (Did::Visit, Retention),
            (Did::Inactivity, Lapsed),
            (Did::Inactivity, Lapsed),
            (Did::Return, WinBack),
            (Did::Purchase, Retention),
            (Did::Cancellation, Lapsed),
            (Did::Purchase, WinBack),
            (Did::RepeatPurchase, Retention),
        ] {
            stage = Transition::caused_by(did, stage).map_or(stage, Transition::to);
            assert_eq!(stage, becomes, "{did}");
        }
    }

    proptest! {
        #[test]
        fn behaviour_never_does_what_nobody_may_do_by_hand(
            from in prop::sample::select(Stage::ALL),
            did in prop::sample::select(BehaviourKind::ALL),
        ) {
            if let Some(to) = from.advance(did) {
                prop_assert_eq!(from.move_to(to).ok(), Transition::caused_by(did, from));
            }
        }
    }
}
