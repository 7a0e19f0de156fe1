//! Everything that can be said comes out as it went in; anything else ends in an error and never in a panic.

use crate::support::{bytes_of, messages_in};
use arbtest::arbitrary::{Result, Unstructured};
use homesync_paths::RelativePath;
use homesync_protocol::{
    Announcement, Attribute, BlockHash, BlockList, BlocksHash, ClusterConfig, Compression, Content, Decoder,
    DeviceId, Entry, Hello, IndexMessage, Kind, LARGEST_REQUEST, Message, Metadata, Owner, Progress,
    ProgressUpdate, Refusal, Request, Response, SharedDevice, SharedFolder, ShortId, System, Timestamp,
    Validity, Version, batches,
};
use std::sync::Arc;

fn version(input: &mut Unstructured<'_>) -> Result<Version> {
    let mut counters = Vec::new();
    for _ in 0..input.int_in_range(0..=4)? {
        counters.push((ShortId(input.arbitrary()?), input.arbitrary()?));
    }
    Ok(Version::from_counters(counters).unwrap())
}

fn path(input: &mut Unstructured<'_>) -> Result<RelativePath> {
    let name = ["a", "b.txt", "d/e", "ü", "a b\n", "r/.git/HEAD"];
    Ok(RelativePath::parse(input.choose(&name)?).unwrap())
}

fn blocks(input: &mut Unstructured<'_>) -> Result<BlockList> {
    let count = input.int_in_range(1..=4)?;
    let block_size = 131_072u32 << input.int_in_range(0..=7)?;
    let last = input.int_in_range(u32::from(count > 1)..=block_size)?;
    let mut hashes = Vec::new();
    for _ in 0..count {
        hashes.push(BlockHash(input.arbitrary()?));
    }
    let size = (count - 1) * u64::from(block_size) + u64::from(last);
    Ok(BlockList::new(size, block_size, hashes).unwrap())
}

fn metadata(input: &mut Unstructured<'_>) -> Result<Arc<Metadata>> {
    let owner = Owner {
        user: "ann".to_string(),
        group: String::new(),
        user_number: input.arbitrary()?,
        group_number: input.arbitrary()?,
    };
    let mut metadata = Metadata::new(Some(owner), None);
    let system = *input.choose(&System::ALL)?;
    let attribute = Attribute { name: "user.a".to_string(), value: input.arbitrary()? };
    metadata.set_attributes(system, if input.arbitrary()? { vec![attribute] } else { Vec::new() });
    Ok(Arc::new(metadata))
}

fn entry(input: &mut Unstructured<'_>, sequence: u64) -> Result<Entry> {
    let validity = if input.ratio(1u8, 5u8)? { Validity::Invalid } else { Validity::Valid };
    let is_there = validity.is_valid();
    let content = match input.int_in_range(0..=5)? {
        0 => Content::Deleted(*input.choose(&[Kind::File, Kind::Directory, Kind::Link])?),
        1 => Content::Directory,
        2 => Content::Link(if is_there { "../x" } else { "" }.into()),
        _ if is_there => Content::File(blocks(input)?),
        _ => Content::File(BlockList::of(&[])),
    };
    let is_file = is_there && matches!(content, Content::File(_));
    let is_link = content.kind() == Kind::Link;
    Ok(Entry {
        path: path(input)?,
        content,
        validity,
        version: version(input)?,
        modified: Timestamp {
            seconds: input.arbitrary()?,
            nanoseconds: input.int_in_range(0..=999_999_999)?,
        },
        modified_by: ShortId(input.arbitrary()?),
        permissions: if is_link || input.arbitrary()? { None } else { Some(input.int_in_range(0..=0o777)?) },
        sequence,
        previous: if is_file && input.arbitrary()? { Some(BlocksHash(input.arbitrary()?)) } else { None },
        metadata: if input.arbitrary()? { Some(metadata(input)?) } else { None },
    })
}

fn entries(input: &mut Unstructured<'_>) -> Result<Vec<Entry>> {
    let mut all = Vec::new();
    let mut sequence = 0;
    for _ in 0..input.int_in_range(0..=5)? {
        sequence += input.int_in_range(1..=u64::from(u32::MAX))?;
        all.push(entry(input, sequence)?);
    }
    Ok(all)
}

fn device(input: &mut Unstructured<'_>) -> Result<SharedDevice> {
    Ok(SharedDevice {
        name: "sofa".to_string(),
        addresses: vec!["dynamic".to_string(), "tcp://[::1]:22000".to_string()],
        max_sequence: input.int_in_range(0..=i64::MAX as u64)?,
        index_id: input.arbitrary()?,
        is_introducer: input.arbitrary()?,
        password_token: input.arbitrary()?,
        ..SharedDevice::new(DeviceId::from_bytes(input.arbitrary()?))
    })
}

fn message(input: &mut Unstructured<'_>) -> Result<Message> {
    let folder = || "photos".to_string();
    Ok(match input.int_in_range(0..=7)? {
        0 => {
            let mut devices = Vec::new();
            for _ in 0..input.int_in_range(0..=3)? {
                devices.push(device(input)?);
            }
            let shared = SharedFolder {
                id: folder(),
                label: "Ö".to_string(),
                is_paused: input.arbitrary()?,
                no_progress: input.arbitrary()?,
                devices,
            };
            Message::ClusterConfig(ClusterConfig { folders: vec![shared], secondary: input.arbitrary()? })
        }
        1 => Message::Index(IndexMessage::new("photos", entries(input)?, 0)),
        2 => Message::IndexUpdate(IndexMessage::new("photos", entries(input)?, 0)),
        3 => Message::Request(Request {
            id: input.arbitrary()?,
            folder: folder(),
            path: Ok(path(input)?),
            offset: Some(input.int_in_range(0..=i64::MAX as u64)?),
            size: input.int_in_range(0..=LARGEST_REQUEST)?,
            hash: if input.arbitrary()? { Some(BlockHash(input.arbitrary()?)) } else { None },
            from_temporary: input.arbitrary()?,
            block: input.int_in_range(0..=i32::MAX as u32)?,
        }),
        4 => {
            let size = input.int_in_range(0..=2_000usize)?;
            let refusals = [Refusal::Generic, Refusal::NoSuchFile, Refusal::Invalid];
            let result = match input.arbitrary()? {
                true => Ok((0..size).map(|place| (place * place % 251) as u8).collect::<Vec<u8>>().into()),
                false => Err(*input.choose(&refusals)?),
            };
            Message::Response(Response { id: input.arbitrary()?, result })
        }
        5 => {
            let blocks = if input.arbitrary()? { Some(vec![0, 5, i32::MAX as u32]) } else { None };
            let update =
                ProgressUpdate { path: path(input)?, version: version(input)?, blocks, block_size: 131_072 };
            Message::Progress(Progress { folder: folder(), updates: vec![update] })
        }
        6 => Message::Ping,
        _ => Message::Close("because".repeat(input.int_in_range(0..=500)?)),
    })
}

#[test]
fn f14_what_is_said_is_heard_however_it_is_compressed_and_cut() {
    arbtest::arbtest(|input| {
        let mut all = Vec::new();
        let mut bytes = Vec::new();
        for _ in 0..input.int_in_range(1..=4)? {
            let compressions = [Compression::Metadata, Compression::Never, Compression::Always];
            let message = message(input)?;
            bytes.extend(bytes_of(&message, *input.choose(&compressions)?));
            all.push(message);
        }
        let mut decoder = Decoder::default();
        let mut heard = Vec::new();
        while !bytes.is_empty() {
            let piece: Vec<u8> = bytes.drain(..input.int_in_range(1..=bytes.len())?).collect();
            decoder.buffer().extend_from_slice(&piece);
            while let Some(message) = decoder.next_message().unwrap() {
                heard.push(message);
            }
        }
        assert_eq!(heard, all);
        Ok(())
    });
}

#[test]
fn f1_no_bytes_make_it_panic() {
    arbtest::arbtest(|input| {
        let mut bytes = Vec::new();
        for _ in 0..input.int_in_range(1..=3)? {
            bytes.extend(bytes_of(&message(input)?, Compression::Metadata));
        }
        // Honest bytes with a few spoiled ones get further than random ones.
        for _ in 0..input.int_in_range(1..=6)? {
            let place = input.choose_index(bytes.len())?;
            bytes[place] = input.arbitrary()?;
        }
        let mut decoder = Decoder::default();
        decoder.buffer().extend_from_slice(&bytes);
        while let Ok(Some(_)) = decoder.next_message() {}
        let _ = Hello::decode(&bytes);
        let _ = Announcement::decode(&bytes);
        Ok(())
    });
}

#[test]
fn f14_compression_at_its_limits_gives_the_same_bytes() {
    for size in [0, 1, 127, 128, 129, 131_072, 16 << 20] {
        let noise = |place: usize| ((place as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8;
        for bytes in [vec![0; size], (0..size).map(noise).collect()] {
            let answer = Message::Response(Response { id: 5, result: Ok(bytes.into()) });
            let sent = bytes_of(&answer, Compression::Always);
            assert_eq!(messages_in(&sent), Ok(vec![answer]), "{size} bytes");
        }
    }
}

#[test]
fn batches_are_as_long_as_every_peer_takes_and_keep_the_halves_of_a_move_together() {
    let entry = |sequence: u64, content: Content| Entry {
        path: RelativePath::parse(&format!("{sequence}")).unwrap(),
        content,
        validity: Validity::Valid,
        version: Version::empty(),
        modified: Timestamp::at(0),
        modified_by: ShortId(1),
        permissions: None,
        sequence,
        previous: None,
        metadata: None,
    };
    let mut all: Vec<Entry> = (1..=2_500).map(|sequence| entry(sequence, Content::Directory)).collect();
    all[1_000].content = Content::Deleted(Kind::File);
    let lengths: Vec<usize> = batches(all.clone()).iter().map(Vec::len).collect();
    assert_eq!(lengths, [1_001, 1_000, 499]);
    assert_eq!(batches(all.clone()).concat(), all);
    let large = |sequence| {
        let hashes = vec![BlockHash([7; 32]); 3_000];
        entry(sequence, Content::File(BlockList::new(3_000 * (16 << 20), 16 << 20, hashes).unwrap()))
    };
    let lengths: Vec<usize> = batches((1..=3).map(large).collect()).iter().map(Vec::len).collect();
    assert_eq!(lengths, [1, 1, 1]);
}
