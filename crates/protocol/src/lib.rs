//! The Block Exchange Protocol as validated types, without any input or output.
//!
//! For now it knows how machines are named on the wire: [`DeviceId`]. Framing and messages join it when machines talk to each other.

mod device_id;

pub use device_id::{DeviceId, DeviceIdError};
