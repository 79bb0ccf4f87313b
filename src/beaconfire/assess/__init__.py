"""Room 3: what is it, where did it start, where will it fall, how many are there.

Track updates of the OWN and the FUSED picture come in, revisions of events go out. Evidence on each track is gathered
update by update (`kinds`, `burnout`), a launch is fitted through a generic boost (`boost`, `launch`), an impact carries
everything that is not known of it (`impact`), the class is one of capability (`classes`), and the book of events
(`book`) says what is one launch and how many there are at least. The trap avoided: certainty where there is none.
"""

from beaconfire.assess.assessor import Assessor
from beaconfire.assess.library import Library, parse_library
from beaconfire.assess.phases import phase_probabilities

__all__ = ["Assessor", "Library", "parse_library", "phase_probabilities"]
