import type { Action, AlertStatus, Audit, Class, EventStatus, Kind, Link, MessageKind, PartnerState, Phase, Source, TrackStatus } from "../types.ts";

/** Every word of the page. A language that lacks one does not compile. */
export interface Words {
  name: string;
  exercise: string;
  exerciseNote: string;
  live: string;
  liveNote: string;
  feed: string;
  feedAge: (age_s: string) => string;
  noFeedYet: string;
  noHeartbeat: (silence_s: number) => string;
  noSession: string;
  running: string;
  waiting: string;
  ended: string;
  notDurable: string;
  clockStepped: (step_s: string) => string;
  clockWild: string;
  clockError: (error_s: string) => string;
  partnerClock: (offset_s: string) => string;
  speed: string;
  language: string;
  scenario: string;
  record: string;
  events: string;
  noEvents: string;
  impactIn: string;
  impactPast: string;
  impactOpen: (reason: string) => string;
  reasons: Record<string, string>;
  launch: string;
  impact: string;
  classOf: string;
  kindOf: string;
  count: (n: number) => string;
  revision: string;
  range: string;
  apogee: string;
  burnout: string;
  contributors: string;
  sharing: string;
  alone: string;
  shared: string;
  launchAxis: string;
  footprint: string;
  chooseEvent: string;
  areaRefused: string;
  partners: string;
  noPartners: string;
  lastHeard: string;
  never: string;
  sent: string;
  received: string;
  complete: string;
  missing: (n: number) => string;
  released: string;
  withheld: string;
  rejected: string;
  epoch: string;
  audit: string;
  noAudit: string;
  verdicts: Record<Audit["verdict"], string>;
  to: string;
  rule: string;
  tracks: string;
  tracksMore: (n: number) => string;
  noTracks: string;
  columns: {
    id: string;
    kind: string;
    status: string;
    phase: string;
    source: string;
    position: string;
    altitude: string;
    speed: string;
    heading: string;
    event: string;
  };
  globe: string;
  globeHelp: string;
  zoomIn: string;
  zoomOut: string;
  reset: string;
  legend: string;
  legendOwn: string;
  legendFused: string;
  legendFootprint: string;
  legendRadar: string;
  sensorDown: string;
  gapNotKept: string;
  gapRestarted: string;
  kinds: Record<Kind, string>;
  classes: Record<Class, string>;
  phases: Record<Phase, string>;
  trackStatus: Record<TrackStatus, string>;
  eventStatus: Record<EventStatus, string>;
  sources: Record<Source, string>;
  links: Record<Link, string>;
  standings: Record<PartnerState, string>;
  tellingAgain: string;
  kept: (count: number) => string;
  alert: AlertWords;
  key: KeyWords;
}

/** The words of signing with a security key. */
export interface KeyWords {
  who: string;
  elsewhere: (address: string) => string;
  register: string;
  registerNote: string;
  id: string;
  make: string;
  compare: string;
}

/** The words of the alert pane; a public message's own words come from the node. */
export interface AlertWords {
  title: string;
  you: (person: string) => string;
  onlyLooking: string;
  none: string;
  age: (span: string) => string;
  old: (span: string) => string;
  sources: string;
  unrecorded: string;
  silent: (names: string) => string;
  conflict: (names: string) => string;
  wasSent: string;
  approvals: (given: number, needed: number) => string;
  until: string;
  area: string;
  left: string;
  now: string;
  hit: string;
  over: string;
  hash: string;
  refused: string;
  howToOrder: string;
  liveByKey: string;
  confirm: (action: string, words: string) => string;
  channels: string;
  tested: (age_s: number) => string;
  untested: string;
  log: string;
  thresholds: (most: string, hit: string, over: string) => string;
  statuses: Record<AlertStatus, string>;
  kinds: Record<MessageKind, string>;
  actions: Record<Action, string>;
}

export const en: Words = {
  name: "English",
  exercise: "EXERCISE",
  exerciseNote: "nothing on this page is real",
  live: "LIVE",
  liveNote: "real events",
  feed: "Feed",
  feedAge: (age_s) => `newest detection ${age_s} s old`,
  noFeedYet: "Waiting for the first heartbeat of the node",
  noHeartbeat: (silence_s) => `No heartbeat for ${silence_s} s. What is shown is old`,
  noSession: "This session is not known to the node. Open the address that the node printed",
  running: "running",
  waiting: "waiting for the first detection",
  ended: "the scenario has ended",
  notDurable: "NOT DURABLE: the journal cannot be written",
  clockStepped: (step_s) => `CLOCK NOT TRUSTED: it is ${step_s} s off node time`,
  clockWild: "this machine's clock is not synchronised",
  clockError: (error_s) => `this machine's clock may be ${error_s} s off`,
  partnerClock: (offset_s) => `its clock is ${offset_s} s off ours`,
  speed: "Speed",
  language: "Language",
  scenario: "Scenario",
  record: "Launch record",
  events: "Events by time to impact",
  noEvents: "No event",
  impactIn: "impact in",
  impactPast: "impact was",
  impactOpen: (reason) => `impact point open: ${reason}`,
  reasons: { boosting: "still boosting", reachable_set: "may glide; the reachable area is shown" },
  launch: "Launch",
  impact: "Impact",
  classOf: "Class (of capability)",
  kindOf: "Kind",
  count: (n) => `at least ${n}`,
  revision: "revision",
  range: "Ground range",
  apogee: "Apogee",
  burnout: "Burnout",
  contributors: "Contributors",
  sharing: "Alone and shared",
  alone: "alone",
  shared: "shared",
  launchAxis: "Launch ellipse, semi-major axis",
  footprint: "Area that may be hit (95 %)",
  chooseEvent: "Details appear with the first event",
  areaRefused: "An area was not drawn: it covers more than 5 % of the Earth",
  partners: "Partners",
  noPartners: "No partner",
  lastHeard: "heard",
  never: "never",
  sent: "sent",
  received: "received",
  complete: "complete",
  missing: (n) => `${n} not yet here`,
  released: "released",
  withheld: "withheld",
  rejected: "rejected",
  epoch: "epoch",
  audit: "Release decisions",
  noAudit: "No decision yet",
  verdicts: {
    released: "released",
    withheld: "withheld",
    refused: "refused",
    quarantined: "set aside",
    equivocation: "contradiction",
    told: "told us",
    doubted: "doubted",
    believed: "believed again",
  },
  to: "to",
  rule: "rule",
  tracks: "Tracks",
  tracksMore: (n) => `and ${n} more`,
  noTracks: "No track",
  columns: {
    id: "Track",
    kind: "Kind",
    status: "Status",
    phase: "Phase",
    source: "Source",
    position: "Position",
    altitude: "Altitude km",
    speed: "Speed km/s",
    heading: "Heading",
    event: "Event",
  },
  globe: "Globe",
  globeHelp:
    "Drag or arrow keys move, wheel or + and - zoom, shift with drag or arrows tilts and turns, Home resets. The table below says the same in text.",
  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  reset: "First view",
  legend: "Legend",
  legendOwn: "95 % ellipse, own sensors",
  legendFused: "95 % ellipse, fused",
  legendFootprint: "area that may be hit",
  legendRadar: "radar range",
  sensorDown: "down",
  gapNotKept: "Older records are no longer kept for this page; the journal has them",
  gapRestarted: "The node began a new journal; the page was cleared",
  kinds: {
    ballistic: "ballistic",
    quasi_ballistic: "quasi-ballistic",
    glide: "glide",
    space_launch: "space launch",
    aircraft: "aircraft",
    satellite: "satellite",
    meteor: "meteor",
    unknown: "unknown",
  },
  classes: {
    SRBM: "SRBM ≤ 1,000 km",
    MRBM: "MRBM ≤ 3,000 km",
    IRBM: "IRBM ≤ 5,500 km",
    ICBM: "ICBM beyond",
    space_launch: "space launch",
    unknown: "unknown",
  },
  phases: {
    boost: "boost",
    ballistic: "ballistic",
    reentry: "re-entry",
    glide: "glide",
    powered_air: "powered flight",
    orbital: "orbital",
    unknown: "unknown",
  },
  trackStatus: { tentative: "tentative", confirmed: "confirmed", lost: "lost", ended: "ended" },
  eventStatus: {
    suspected: "suspected",
    confirmed: "confirmed",
    lost: "lost",
    closed: "closed",
    retracted: "retracted",
  },
  sources: { own: "own", partner: "partner", fused: "fused" },
  links: { up: "link up", down: "link down", connecting: "connecting", out: "not let in" },
  standings: {
    active: "joined",
    silent: "silent",
    suspended: "suspended by us since",
    suspended_by_partner: "suspended us",
    leaving: "is leaving, said",
    left: "left",
  },
  tellingAgain: "returned: what it missed is being told",
  kept: (count) => `${count} records kept for it`,
  alert: {
    title: "Alerts to the public",
    you: (person) => `this session is ${person}'s`,
    onlyLooking: "this session may only look",
    none: "No alert",
    age: (span) => `as of ${span} ago`,
    old: (span) => `newest ${span} old`,
    sources: "data of",
    unrecorded: "UNRECORDED: the journal cannot be written",
    silent: (names) => `no receipt from ${names}`,
    conflict: (names) => `another authority warns there: ${names}`,
    wasSent: "was sent",
    approvals: (given, needed) => `${given} of ${needed} approvals`,
    until: "until",
    area: "Area",
    left: "Minutes left",
    now: "now",
    hit: "Hit",
    over: "Overflight",
    hash: "Hash",
    refused: "Refused:",
    howToOrder: "To order, open the page with your own exercise address (beaconfire user add --token)",
    liveByKey: "Say who you are above; your security key signs. Or beaconfire alert on the command line",
    confirm: (action, words) => `${action}: press again to sign ${words}`,
    channels: "Channels",
    tested: (age_s) => `tested ${age_s} s ago`,
    untested: "not tested yet",
    log: "Log",
    thresholds: (most, hit, over) => `at most ${most}; thresholds: hit ${hit}, overflight ${over}`,
    statuses: {
      proposed: "proposed",
      drafted: "drafted",
      submitted: "to be approved",
      approved: "approved",
      sent: "SENT",
      updated: "updated",
      corrected: "corrected",
      cancelled: "cancelled",
      all_clear: "all clear",
      expired: "expired",
      withdrawn: "withdrawn",
    },
    kinds: {
      shelter: "Take shelter",
      update: "Update",
      passed: "Has passed",
      debris: "Do not touch debris",
      lost: "Track lost",
      correction: "Correction",
      cancel: "Cancel",
      all_clear: "All clear",
    },
    actions: {
      draft: "Draft by hand",
      submit: "Submit",
      approve: "Approve",
      send: "Send",
      update: "Update",
      withdraw: "Withdraw",
      correct: "Correct",
      cancel: "Cancel: it was wrong",
      all_clear: "All clear: it is over",
    },
  },
  key: {
    who: "Signing here:",
    elsewhere: (address) => `Security keys work at ${address} only: open the page there (beaconfire user page)`,
    register: "Register a security key",
    registerNote: "Adds nobody: hand the file to whoever keeps the nation's root (beaconfire user add --security-key)",
    id: "Person",
    make: "Make",
    compare: "Read these words to whoever seals it:",
  },
};
