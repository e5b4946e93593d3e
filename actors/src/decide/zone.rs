//! The tenant's local time.

use chrono::DateTime;
use chrono_tz::Tz;
use tenants::clock::Timestamp;
use tenants::ports::TenantContext;

/// The tenant's time zone; UTC when the stored name is none, because times a few hours off are better than none.
pub(super) fn zone_of(context: &TenantContext) -> Tz {
    context.tenant.time_zone.parse().unwrap_or(Tz::UTC)
}

/// The moment on the tenant's wall clock.
pub(super) fn local(moment: Timestamp, zone: Tz) -> DateTime<Tz> {
    moment.to_utc().with_timezone(&zone)
}
