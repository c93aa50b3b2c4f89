//! A forecast of any past moment equals a replay of what happened, by a model of its own.

mod imported;
mod world;

use rapport_platform::id::new_id;
use rapport_platform::identity::TenantId;

use super::*;

/// Each makes another history; the one that fails is told.
const SEEDS: [u64; 4] = [1, 7, 42, 2_026];

/// Random numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        // Knuth's MMIX; the high bits are the random ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    /// One of these.
    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.roll(of.len() as u64)).unwrap()]
    }

    /// So many units, at least 100.
    fn units(&mut self) -> i64 {
        100 + i64::try_from(self.roll(1_000)).unwrap()
    }
}

/// A company of its own, so that each seed begins with nothing.
async fn company(caller: &Caller) -> Desk {
    let tenant = TenantId::new(new_id());
    Desk::of(caller.with(|ctx| ctx.tenant = tenant)).await
}

/// An amount in hundredths.
fn hundredths(money: Option<&rapport_proto::google::r#type::Money>) -> i64 {
    let money = money.unwrap();
    money.units * 100 + i64::from(money.nanos) / 10_000_000
}
