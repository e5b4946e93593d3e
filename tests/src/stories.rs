//! Runs one story on both databases.

use crate::app::{Backend, TestApp};

/// Makes two tests of every story: `sqlite::name` and `postgres::name`.
///
/// The PostgreSQL one says that it was left out when PostgreSQL is not installed; with `REQUIRE_SERVICES=1` it fails.
///
/// `stories!(by tell: name, …)` has each told by a function beside it, as by one that starts a receiver, too:
/// `async fn tell(backend: Backend, story: …)`.
#[macro_export]
macro_rules! stories {
    (by $tell:ident: $($name:ident),+ $(,)?) => {
        $crate::stories!(@both super::$tell; $($name),+);
    };
    (@both $tell:path; $($name:ident),+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                $tell($crate::Backend::Sqlite, super::$name).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                $tell($crate::Backend::Postgres, super::$name).await;
            })+
        }
    };
    ($($name:ident),+ $(,)?) => {
        $crate::stories!(@both $crate::run_story; $($name),+);
    };
}

/// Starts an installation, tells the story, and ends it.
pub async fn run_story<F>(backend: Backend, story: impl FnOnce(TestApp) -> F)
where
    F: Future<Output = TestApp>,
{
    let Some(app) = TestApp::start(backend).await else { return };
    story(app).await.end().await;
}
