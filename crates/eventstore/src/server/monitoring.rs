//! Figures of the process and its store, again and again.

use std::{collections::HashMap, fs, sync::Arc, time::Duration};

use futures_util::stream;
use tokio::time::{self, MissedTickBehavior};
use tonic::{Request, Response, Status};

use super::{
    ending::Ending,
    features::Node,
    proto::monitoring::{StatsReq, StatsResp, monitoring_server::Monitoring},
    streams::Answers,
};

pub(super) struct MonitoringService {
    pub node: Arc<Node>,
    pub ending: Ending,
}

/// How often figures are given, at the least and at the most.
const OFTEN: Duration = Duration::from_millis(100);
const SELDOM: Duration = Duration::from_hours(1);

#[tonic::async_trait]
impl Monitoring for MonitoringService {
    type StatsStream = Answers<StatsResp>;

    async fn stats(
        &self,
        request: Request<StatsReq>,
    ) -> Result<Response<Answers<StatsResp>>, Status> {
        let period = Duration::from_millis(request.into_inner().refresh_time_period_in_ms);
        let mut ticks = time::interval(period.clamp(OFTEN, SELDOM));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let node = Arc::clone(&self.node);
        let figures = stream::unfold((ticks, node), async |(mut ticks, node)| {
            ticks.tick().await;
            let stats = figures(&node);
            Some((Ok(StatsResp { stats }), (ticks, node)))
        });
        Ok(Response::new(Box::pin(self.ending.clone().cut(figures))))
    }
}

/// By KurrentDB's names where it has one. What the system does not tell is left out.
fn figures(node: &Node) -> HashMap<String, String> {
    let mut figures = HashMap::from([
        ("proc-id".to_owned(), std::process::id().to_string()),
        ("proc-startTime".to_owned(), node.since.to_string()),
        ("es-store-head".to_owned(), node.head().to_string()),
        ("es-node-priority".to_owned(), node.priority().to_string()),
    ]);
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        let line = |name| status.lines().find_map(|line| line.strip_prefix(name));
        let number = |name| line(name).and_then(|said| said.split_whitespace().next());
        if let Some(kibibytes) = number("VmRSS:").and_then(|said| said.parse::<u64>().ok()) {
            figures.insert("proc-mem".to_owned(), kibibytes.saturating_mul(1024).to_string());
        }
        if let Some(threads) = number("Threads:") {
            figures.insert("proc-threadsCount".to_owned(), threads.to_owned());
        }
    }
    if let Ok(load) = fs::read_to_string("/proc/loadavg") {
        let names = ["sys-loadavg-1m", "sys-loadavg-5m", "sys-loadavg-15m"];
        let loads = names.iter().zip(load.split_whitespace());
        figures.extend(loads.map(|(name, load)| ((*name).to_owned(), load.to_owned())));
    }
    figures
}
