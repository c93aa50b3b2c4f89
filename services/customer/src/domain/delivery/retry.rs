//! When to try again, and when to give up.

use std::time::Duration;

use rapport_platform::time::Timestamp;

use super::{AttemptResult, DeliveryState};

/// The longest that a receiver may ask us to wait.
const LONGEST_ASKED: Duration = Duration::from_hours(24);

/// How often a delivery is tried, and how long it rests in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts before it is given up; at least 1.
    pub max_attempts: u32,
    /// The rest after the first; it doubles every time.
    pub first_delay: Duration,
    /// It never grows beyond this.
    pub longest_delay: Duration,
}

/// What follows from how an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is over.
    Over(DeliveryState),
    /// It is tried again from then on.
    Again(Timestamp),
}

impl RetryPolicy {
    /// What follows when the attempt with this number, from 1, ended so at `now`. The receiver
    /// may have asked for a pause. `spread`, at random from 0 to 1, keeps deliveries that failed
    /// together from coming back together.
    pub fn after(
        &self,
        result: AttemptResult,
        attempt: u32,
        asked: Option<Duration>,
        now: Timestamp,
        spread: f64,
    ) -> Next {
        match result {
            AttemptResult::Sent => Next::Over(DeliveryState::Sent),
            AttemptResult::Delivered => Next::Over(DeliveryState::Delivered),
            AttemptResult::FailedPermanently => Next::Over(DeliveryState::Failed),
            _ if attempt >= self.max_attempts => Next::Over(DeliveryState::Failed),
            AttemptResult::NoAnswer | AttemptResult::FailedTemporarily | AttemptResult::Unknown => {
                let delay = self.delay(attempt, spread);
                let asked = asked.unwrap_or_default().min(LONGEST_ASKED);
                Next::Again(now.saturating_add(delay.max(asked)))
            }
        }
    }

    /// Between half and all of the doubled delay.
    fn delay(&self, attempt: u32, spread: f64) -> Duration {
        let doublings = attempt.saturating_sub(1).min(30);
        let whole = self.first_delay.saturating_mul(1 << doublings);
        let whole = whole.min(self.longest_delay);
        whole.mul_f64(0.5 + spread.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        max_attempts: 4,
        first_delay: Duration::from_secs(60),
        longest_delay: Duration::from_secs(180),
    };

    fn after(result: AttemptResult, attempt: u32, asked: Option<u64>) -> Next {
        let asked = asked.map(Duration::from_secs);
        POLICY.after(result, attempt, asked, Timestamp::EPOCH, 1.0)
    }

    fn again(seconds: u64) -> Next {
        Next::Again(Timestamp::EPOCH.saturating_add(Duration::from_secs(seconds)))
    }

    #[test]
    fn the_rest_doubles_up_to_its_bound_and_then_it_is_given_up() {
        let failed = AttemptResult::FailedTemporarily;
        assert_eq!(after(failed, 1, None), again(60));
        assert_eq!(after(failed, 2, None), again(120));
        assert_eq!(after(failed, 3, None), again(180));
        assert_eq!(after(failed, 4, None), Next::Over(DeliveryState::Failed));
        assert_eq!(after(AttemptResult::Unknown, 1, None), again(60));
        assert_eq!(after(AttemptResult::NoAnswer, 1, None), again(60));
    }

    #[test]
    fn what_is_settled_is_not_tried_again() {
        for (result, state) in [
            (AttemptResult::Sent, DeliveryState::Sent),
            (AttemptResult::Delivered, DeliveryState::Delivered),
            (AttemptResult::FailedPermanently, DeliveryState::Failed),
        ] {
            assert_eq!(after(result, 1, None), Next::Over(state));
        }
    }

    #[test]
    fn a_receiver_may_ask_for_a_longer_pause_but_not_for_ever() {
        let failed = AttemptResult::FailedTemporarily;
        assert_eq!(after(failed, 1, Some(300)), again(300));
        assert_eq!(after(failed, 1, Some(5)), again(60));
        assert_eq!(after(failed, 1, Some(u64::MAX)), again(86_400));
    }

    proptest! {
        #[test]
        fn no_rest_is_shorter_than_half_or_longer_than_the_bound(
            attempt in 1..4_u32,
            spread in -1.0..2.0_f64,
        ) {
            let failed = AttemptResult::FailedTemporarily;
            let next = POLICY.after(failed, attempt, None, Timestamp::EPOCH, spread);
            let Next::Again(time) = next else { panic!("it was given up") };
            let rest = time.since(Timestamp::EPOCH);
            prop_assert!(rest >= POLICY.first_delay / 2 && rest <= POLICY.longest_delay);
        }
    }
}
