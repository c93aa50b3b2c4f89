//! Who is reminded of an instance, when.

use std::collections::BTreeMap;
use std::time::Duration;

use rapport_platform::time::Timestamp;

use super::series::{Instance, Series};
use super::slot::Stretch;

/// For how long after its beginning an instance is still worth a reminder that is late.
pub const GRACE: Duration = Duration::from_secs(15 * 60);
/// Instances that are looked at to find the next reminder: more than there are in four weeks, before
/// which none is due.
const AHEAD: usize = 64;

/// A reminder of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reminder {
    /// When it is due.
    pub time: Timestamp,
    /// Of which.
    pub instance: Instance,
    /// How long before it begins.
    pub minutes: i32,
}

fn time(instance: &Instance, minutes: i32) -> Timestamp {
    let before = u64::try_from(minutes).unwrap_or_default() * 60;
    instance
        .stretch
        .start
        .saturating_sub(Duration::from_secs(before))
}

/// What became due after `since` and until `now`: of each instance that is not long over, the latest.
pub fn due(series: &Series, minutes: &[i32], since: Timestamp, now: Timestamp) -> Vec<Reminder> {
    let worth = now.saturating_sub(GRACE);
    let Some(most) = minutes.iter().max() else {
        return Vec::new();
    };
    let ahead = Duration::from_secs(u64::try_from(*most).unwrap_or_default() * 60 + 1);
    let window = Stretch {
        start: worth,
        end: now.saturating_add(ahead),
    };
    let mut latest: BTreeMap<(Timestamp, Timestamp), Reminder> = BTreeMap::new();
    for instance in series.instances(window, AHEAD) {
        let of = |minutes: &i32| Reminder {
            time: time(&instance, *minutes),
            instance,
            minutes: *minutes,
        };
        let due = minutes.iter().map(of);
        let due =
            due.filter(|it| it.time > since && it.time <= now && instance.stretch.start >= worth);
        if let Some(reminder) = due.max_by_key(|it| it.time) {
            latest.insert((reminder.time, instance.original), reminder);
        }
    }
    latest.into_values().collect()
}

/// When the next reminder after `now` is due; none if there is none.
pub fn next(series: &Series, minutes: &[i32], now: Timestamp) -> Option<Timestamp> {
    let window = Stretch {
        start: now,
        end: Timestamp::MAX,
    };
    let instances = series.instances(window, AHEAD);
    let times = instances
        .iter()
        .flat_map(|it| minutes.iter().map(|minutes| time(it, *minutes)));
    times.filter(|it| *it > now).min()
}
