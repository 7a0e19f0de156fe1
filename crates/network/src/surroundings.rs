//! Looks around from time to time: on which networks this machine is, and whether that has changed.

use crate::event::Event;
use crate::interfaces::interfaces;
use crate::networks::{NamedNetwork, Surroundings, here};
use crate::platform;
use crate::shared::Shared;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// What is around now. Only where networks have names it matters more than the addresses.
fn look(networks: &[NamedNetwork]) -> Surroundings {
    let interfaces = interfaces();
    let asks_gateway =
        networks.iter().any(|network| network.gateway.is_some() || network.gateway_mac.is_some());
    let asks_wifi = networks.iter().any(|network| network.wifi.is_some());
    let gateways = if asks_gateway { platform::gateways() } else { Vec::new() };
    let wifi = if asks_wifi { platform::wifi(&interfaces) } else { Vec::new() };
    Surroundings { interfaces, gateways, wifi }
}

/// The names of the networks on which this machine is, as it begins.
pub(crate) fn names_here(networks: &[NamedNetwork]) -> BTreeSet<String> {
    if networks.is_empty() { BTreeSet::new() } else { here(networks, &look(networks)) }
}

/// Looks for ever.
pub(crate) async fn watch(shared: Arc<Shared>) {
    let mut before: Option<Surroundings> = None;
    loop {
        let networks = shared.networks();
        let asked = networks.clone();
        let Ok(mut around) = spawn_blocking(move || look(&asked)).await else { return };
        if let Some(before) = &before {
            around.remember(before);
        }
        let names = here(&networks, &around);
        if shared.is_now_on(&names) && shared.events.send(Event::Networks(names)).await.is_err() {
            return;
        }
        if before.is_some_and(|before| before.interfaces != around.interfaces) {
            shared.moved(&around.interfaces);
        }
        before = Some(around);
        let _ = timeout(shared.timing.look_around, shared.look_again.notified()).await;
    }
}
