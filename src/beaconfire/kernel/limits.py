"""Every limit of the system in one place, with the reason beside it."""

# --- names and texts -------------------------------------------------------------------------
MAX_ID_LENGTH = 64  # fits every sensor and track name seen in practice; keeps subjects and indexes short
MAX_TEXT_LENGTH = 2_000  # one screen of remarks
MAX_LINE_BYTES = 64 * 1024  # a detection row is < 1 KiB; a longer line is not a detection file
MAX_FILE_DETECTIONS = 5_000_000  # of one offline run, held in memory to be sorted: about 2 GB
MAX_CONFIG_BYTES = 1024 * 1024  # scenarios, sensors and policies are written by hand

# --- physics that a detection may claim -------------------------------------------------------
MAX_RANGE_M = 50e6  # beyond geostationary distance nothing of ours flies
MAX_RANGE_RATE_M_S = 40e3  # fastest meteors are near 72 km/s but 40 km/s bounds what a radar reports as a track
MAX_SIGMA_M = 1e6  # a standard deviation above 1,000 km carries no information
MIN_SIGMA_M = 1e-3  # below a millimetre is a unit error
MAX_ANGLE_SIGMA_RAD = 0.5  # beyond about 30 degrees an angle is not a measurement
MIN_ANGLE_SIGMA_RAD = 1e-9
MAX_POSITION_M = 1e8  # ECEF components, with room for the Moon left out

# --- the exchange (EXCHANGE part 8) ------------------------------------------------------------
MAX_ENVELOPE_BYTES = 16 * 1024  # a 9-state track is about 0.5 KiB
MAX_BUNDLE_BYTES = 256 * 1024  # 64 envelopes under one signature
MAX_BUNDLE = 64  # envelopes of a bundle: beyond it the signature is a hundredth of the cost already
BUNDLE_FROM = 8  # of so many at once the history goes in bundles: fewer cost less than a millisecond to sign
MAX_PARTNERS = 64  # thirty nations with room; every one costs a boundary account
MAX_PROVENANCE = 256  # then the product is closed and restarted
PARTNER_ENVELOPES_PER_S = 2_000  # token bucket before verification, 0.07 ms each: 14 % of a core
MAX_PARTNER_TRACKS = 500  # live tracks taken from one partner
MAX_PARTNER_EVENTS = 20  # open events taken from one partner
MAX_INTEGER = 2**63 - 1  # every integer on the wire is bounded by a signed 64-bit word
MAX_COVARIANCE_CONDITION = 1e12  # beyond this a double-precision factor is noise
OUTBOX_MAX_AGE_S = 600  # the outbox is a send buffer, the journal is the history
INBOX_MAX_BYTES = 2 * 1024**3
REPLAY_HORIZON_S = 900  # older partner data go to the record, never to the tracker

# --- the node ----------------------------------------------------------------------------------
MAX_TRACKS = 20_000  # tables of one picture; 10,000 objects with room for tentative ones
MAX_OPEN_EVENTS = 200
MAX_SCAN_DETECTIONS = 20_000  # one sensor, one time; a clutter flood is cut here and said
FEED_RING = 20_000  # numbered console events kept for catch-up before the journal is asked

# --- the console feed ---------------------------------------------------------------------------
FEED_RING_BYTES = 32 * 1024 * 1024  # an event revision with its rings is about 8 KiB: some 4,000 of them
FEED_TRACKS_HZ = 10  # faster is not seen; 2,000 tracks are 100 kB a picture once deflated
FEED_HISTORY_CHUNK = 256  # journal rows read before other work gets its turn
MAX_UNUSED_TOKENS = 64  # addresses printed and not opened yet; a shift has fewer people
STREAMS_PER_USER = 64  # two walls of screens; one more is a page that leaks streams

# --- the wire: fields of releases, envelopes and controls (docs/wire.md) --------------------------
MIN_TIME_NS = 63_072_010_000_000_000  # 1972-01-01T00:00:00Z, the first time that kernel.time reads
MAX_TIME_NS = 7_258_118_400_000_000_000  # 2200-01-01, fits a signed 64-bit word with room
MAX_STATE_SIGMA_M = 1e8  # an unobserved direction of a tracklet; a longer axis than the whole space says nothing more
MAX_STATE_SIGMA_M_S = 1e6  # the same for velocity
MIN_STATE_SIGMA = 1e-4  # no sensor of ours knows a position to 0.1 mm or a velocity to 0.1 mm/s
MIN_RADIUS_M = 6.3e6  # deeper than any missile or error of one; keeps a partner's state out of gravity's pole
MAX_SPEED_M_S = 1e5  # nothing near the Earth is faster; meteors reach 72 km/s
MAX_TIME_SIGMA_S = 1e5  # a launch time known worse than a day is not known
MAX_COUNT = 1_000  # objects of one salvo
MAX_FOOTPRINT_POINTS = 64  # of all rings; a footprint's edge is never known better
MAX_FOOTPRINT_RINGS = 8  # two for the antimeridian, with room for a reachable set in parts
MAX_SENSORS_NAMED = 64  # sensors that one product names as its source
MAX_COARSENED_M = 1e6  # beyond 1,000 km a launch point is a country
MAX_LOOKS = 64  # measurements of one tracklet: half a second of six fast radars; of more only the tracklet travels
MAX_REFERENCE_LENGTH = 400  # sender,identifier,sent of a CAP message
RECEIPT_RANGES = 64  # ranges beyond the contiguous number in one receipt; more wait for the next

# --- the link (share) -------------------------------------------------------------------------------
MAX_PENDING = 20_000  # unreceipted envelopes kept for re-sending: ten seconds at the full rate, about 10 MiB
MAX_SEGMENTS = 1_024  # runs of numbers received beyond a gap; more are taken but must be sent again
RECENT_HASHES = 8_192  # hashes kept to tell a duplicate from an equivocation
MAX_SEEN = 131_072  # source ids kept so that a record takes effect once: 15 min at 145 records/s, about 16 MiB
RESEND_AFTER_S = 2.0  # a number missing in receipts for so long is sent again
MAX_EPOCH_LEAD_S = 400 * 86_400  # an epoch is a time; one attested further ahead would use up all epochs
FUTURE_TOLERANCE_S = 5.0  # a partner's record later than this is a wrong clock: to the record, not to the tracker

MAX_BACKLOG = 1_000_000  # records kept for partners that are away, all together: a week at 1.6/s, 250 MB packed at most
CATCH_UP_PER_TICK = 500  # history released to one partner in one tick: 5,000/s at ten ticks a second, some 50 ms each
MAX_CATCH_UP_PENDING = 8_000  # unreceipted envelopes above which history waits: two beats of it, far from MAX_PENDING
RENEW_GAP_S = 5.0  # between new epochs that a partner's word causes: an honest one needs one, a liar gets no storm

# --- release ----------------------------------------------------------------------------------------
MAX_GRANTS = 1_000  # written by hand
DEFAULT_RATE_HZ = 2.0  # per track and partner (EXCHANGE part 3)
MAX_RATE_HZ = 100.0  # the fastest radar
MAX_DELAY_S = 30 * 86_400.0  # a month: longer is an archive, not an exchange
MAX_ROUNDED_S = 3_600.0  # a time rounded to more than an hour is a day
MAX_HELD = 10_000  # products waiting for a delay or a rate; the oldest is dropped and audited
MAX_RELEASE_SUBJECTS = 50_000  # (partner, kind, id) with a revision counter; the oldest is forgotten
AUDIT_PERIOD_S = 60.0  # equal noes are one row in this time

# --- warning ----------------------------------------------------------------------------------------
MAX_PEOPLE = 1_000  # of one node, written by hand
MAX_KEYS_OF_PERSON = 8  # a key per device, with overlap when one is replaced
MAX_CREDENTIAL_BYTES = 1_023  # the longest credential id that the standard allows
MAX_ORIGIN_LENGTH = 300  # of a page's address: a host name has at most 253 characters
MAX_ASSERTION_BYTES = 4 * 1024  # a security key's answer is about 400 bytes, most of it the browser's own record
MAX_APPROVALS = 4  # of one new person: two are needed
MAX_AUTOMATIC_RULES = 32  # written by hand, each signed
MAX_CHANNELS = 32
MAX_AUTHORITIES = 500  # a registry of who speaks for which area
NONCE_BYTES = 16  # chance never gives one twice
MAX_NONCES = 10_000  # verified orders of five minutes; more are no people
ORDER_VALID_S = 300.0  # WARNING part 2, rule 5
ORDER_AHEAD_S = 5.0  # between the clock that a person's program reads and the node's
MAX_OPEN_ALERTS = 200  # one per open event
MAX_PARTNER_ALERTS = 50  # of one partner, known here in force: one per area that it warns, with room
MAX_ENDED_ALERTS = 200  # kept to be listed; the journal has all
MAX_MESSAGES_OF_ALERT = 200  # rising updates of a long salvo; then only its end may follow
MAX_NOTICES = 1_000  # other authorities' alerts in force
MAX_ALERT_AREAS = 400  # all of one nation's first-level areas, with room
FRESH_S = 10.0  # a picture measured longer ago lets no rule fire and nothing have passed: five looks of a slow radar
LATE_S = 30.0  # what was measured longer ago opens no alert: three looks of an infrared sensor
SETTLE_S = 2.0  # a threat must be gone so long before an end is proposed: an edge is none, the prompt is due in 5 s
WITHDRAW_S = 10.0  # the same for what was never sent: nobody waits for it
FORECAST_S = 2.0  # between forecasts of an event that threatens areas: with SETTLE_S the prompt is in time
FORECAST_BOOST_S = 4.0  # of one that boosts and threatens none: its draft is due within 30 s of the first detection
FORECAST_IDLE_S = 10.0  # of one that falls freely elsewhere: each costs some milliseconds an object
FORECAST_LOST_S = 10.0  # what is lost is seen no better
BOOST_HOLD_S = 20.0  # while it boosts, what was threatened stays so long: its reach grows, and each fit shifts the ways
REDRAFT_S = 240.0  # a draft nobody took up is made afresh before its bytes are as old as an order may be
PREPARED_S = 60.0  # corrections and cancels that lie ready are made afresh so often; the former ones still hold once
AUTOMATIC_GAP_S = 10.0  # between messages that a rule sends of one alert: people read, channels carry
TICK_GAP_S = 5.0  # a node that slept so long starts its countdowns again

# --- the shell ---------------------------------------------------------------------------------------
MAX_WAITING_ROWS = 100_000  # journal rows that could not be committed yet: about 100 MB, minutes of full load
OUTBOX_MAX_BYTES = 1024**3  # ten minutes at 2,000 envelopes/s of about 0.8 KiB
NOW_MAX_BYTES = 32 * 1024**2  # last values of 500 tracks and 20 events of at most 16 KiB, in memory
MAX_ERRANDS = 10_000  # claims or bulletins that wait for the disk: months of launches, and they come again at a start
MAX_IN_FLIGHT = 1_024  # published and not yet acknowledged by our own broker
RECENT_ENVELOPES = 8_192  # hashes by which intake knows what another lane brought before
MAX_INTAKE_QUEUE = 20_000  # verified envelopes of one partner waiting for the step; more are left on the broker
MAX_TURN_BYTES = 16 * 1024**2  # one turn of the lockstep feed: 20,000 detections of about 300 bytes, with room

# --- alert channels and the local socket ------------------------------------------------------------
MAX_CAP_BYTES = 512 * 1024  # three languages of fifty areas with polygons of a few dozen vertices are about 150 KiB
MAX_CHANNEL_QUEUE = 256  # messages waiting for one end-point; a salvo is one alert per area, updated
MAX_PUBLISHED = 10_000  # identifiers by which nothing is published twice; older ones have expired
MAX_FEED_ENTRIES = 100  # messages named in an Atom feed; older ones stay as files
MAX_CONTROL_BYTES = 64 * 1024  # one request on the local socket: a command with a person's words
MAX_CONTROL_CALLERS = 16  # people and scripts of one machine at one time
MAX_CONTROL_WAITING = 64  # commands of people waiting for the next turn

# --- the launch record ---------------------------------------------------------------------------------
MAX_CLAIMS = 50_000  # a century of tests with ten sources each; associated and judged in seconds, held in 100 MB
MAX_RECORD_FILE_BYTES = 64 * 1024**2  # of one imported file: that many claims with their remarks
MAX_FAULTS = 200  # named of one file; more are not read
MAX_NESTING = 4  # tables within tables of a JSON file
MAX_FLIGHT_TIME_S = 86_400.0  # nothing that comes down flies longer
MAX_EDITION = 1_000_000  # revisions of one event: ten a second for a day
MAX_LAUNCH_NOTICES = 1_000  # announced space launches, written by hand
MAX_NOTICE_WINDOW_S = 60 * 86_400.0  # announced windows last days; one that is always open tells nothing
MAX_QUESTION_LENGTH = 300  # one sentence

# --- CAP messages, a stranger's too -------------------------------------------------------------------
MAX_SHORT_NAME = 12  # of an authority: a telephone shows 90 characters, and the danger comes first
MAX_SHORT_ACTION = 20  # of what to do, for the same telephone
MAX_ACTION_LENGTH = 400  # of what to do in full sentences: read aloud in half a minute
MAX_CAP_DEPTH = 12  # alert, info, area, geocode, value are 5, a signature's deepest path 6
MAX_CAP_CHILDREN = 2_000  # of one element: all areas of a nation are 53, all islands of one area some hundred

# --- the clock and what is measured of a node -----------------------------------------------------------
EARLIEST_CLOCK_NS = 1_735_689_637_000_000_000  # 2025-01-01: a node's clock that shows less was never set
CLOCK_STEP_S = 0.5  # wall clock against node time: slewing stays below, a leap second or a hand does not
CLOCK_ERROR_S = 0.05  # an own clock known worse moves a fast object by more than a radar's error
PARTNER_OFFSET_S = 0.05  # a partner's clock that is farther off is shown (EXCHANGE part 7)
CLOCK_BEATS = 16  # beats of which the least delayed tells a partner's clock: ticks of 0.1 s delay the others
SENSOR_AHEAD_S = 0.05  # nothing is seen before it happens: one tick's rounding and the node's own clock error
SENSOR_BEHIND_S = 1.5  # no feed of ours delays every scan so long; a sensor that always does has a wrong clock
SENSOR_SCANS = 16  # scans of which the least delayed tells a sensor's clock
METRIC_SERIES = 1_024  # label sets of one metric: 64 partners with 16 rules each; what is beyond counts as `other`
METRIC_SENSORS = 256  # sensors told apart in metrics

# --- what partners may cost (promise P10) ----------------------------------------------------------------
OWN_DELAY_S = 0.1  # own detections wait no longer for partners: the load target's 99th percentile to an own track
TICK_PARTNERS_S = 0.05  # of a tick, for what partners sent: half of OWN_DELAY_S, the rest is for own scans and the disk
TURN_PARTNERS_S = 1.0  # the same of a conductor's turn: it gives a node up that is silent for five
