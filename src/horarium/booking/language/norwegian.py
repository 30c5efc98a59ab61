"""The Norwegian (bokmål) texts."""

from horarium.booking.language.catalogue import Catalogue
from horarium.booking.language.norwegian_persons import TEXTS

NORWEGIAN = Catalogue(
    language="nb",
    date="{weekday} {day}. {month} {year}",
    weekdays=("man.", "tir.", "ons.", "tor.", "fre.", "lør.", "søn."),
    months=(
        "januar", "februar", "mars", "april", "mai", "juni",
        "juli", "august", "september", "oktober", "november", "desember",
    ),
    texts={
        "subject.ACCEPTED": "Godtatt: {summary}",
        "subject.DECLINED": "Avslått: {summary}",
        "subject.PARTLY": "Delvis godtatt: {summary}",
        "subject.FREEBUSY": "Ledig/opptatt: {resource}",
        "subject.REFRESH": "Vennligst send på nytt: {summary}",
        "no_summary": "(uten tittel)",
        "whole_day": "{day}, hele dagen",
        "whole_days": "{first} til {last}, hele dagen",
        "accepted": "{resource} er bestilt: {when}.",
        "accepted_series": (
            "{resource} er bestilt: {count} ganger, første gang {first}, siste gang {last}."
        ),
        "accepted_follow": (
            "{resource} er bestilt: en serie uten slutt, første gang {first}. Den er uten"
            " kollisjoner til {until}; senere ganger bestilles etter hvert som dagen flytter seg."
        ),
        "accepted_clipped": (
            "{resource} er bestilt: {count} ganger, første gang {first}, til {until}."
            " Ingenting etter den dagen er bestilt."
        ),
        "occurrence_accepted": "Bestilt: {when}.",
        "occurrence_declined": "Ikke bestilt: {when}. {reason}",
        "left_out": "{count} ganger som allerede er over, var ikke ledige og er utelatt.",
        "declined": "{resource} er ikke ledig: {when}.",
        "declined_series": "{resource} er ikke ledig for denne serien.",
        "declined_plain": "{resource} er ikke ledig.",
        "released": "Den tidligere bestillingen av denne avtalen er frigitt.",
        "kept": "Den tidligere bestillingen av denne avtalen står ved lag.",
        "zone_unknown": "Tidssonen {tzid} er ukjent; {zone} ble brukt.",
        "other_zone": "Der er det {when}.",
        "free_times": "Ledig like lenge:",
        "free_elsewhere": "Ledig på den tiden: {names}.",
        "lost": "En serie som ble bestilt tidligere, møter denne her og beholder tiden.",
        "refresh": "Denne avtalen er ikke kjent her. Vennligst send hele avtalen på nytt.",
        "freebusy": "Ledig/opptatt for {resource} fra {start} til {end} er vedlagt.",
        "not_readable": "Innkallingen kunne ikke leses, så ingenting er bestilt: {problem}.",
        "reason.conflict": "Det er allerede opptatt: {busy}.",
        "reason.conflict_held": "Det er allerede opptatt: {busy}, av {holder}.",
        "reason.conflicts": "{count} ganger er allerede opptatt:",
        "reason.same_domain": "Den kan bare bestilles av folk i {domain}.",
        "reason.access_list": "Du er ikke blant dem som kan bestille den.",
        "reason.site_rule": "En regel her tillater det ikke.",
        "reason.configuration": (
            "Denne ressursen er ikke riktig satt opp; den ansvarlige har fått beskjed."
        ),
        "reason.internal": "Noe gikk galt her; den ansvarlige har fått beskjed.",
        "reason.past": "Tiden er allerede forbi.",
        "reason.booking_window": "Den kan bestilles høyst {days} dager fram i tid.",
        "reason.min_notice": "Den må bestilles minst {duration} på forhånd.",
        "reason.min_duration": "Den bestilles for minst {duration} om gangen.",
        "reason.max_duration": "Den bestilles for høyst {duration} om gangen.",
        "reason.allow_recurring": "Den tar ikke gjentatte bestillinger.",
        "reason.allowed_frequencies": "Den tar ikke serier som gjentas {frequency}.",
        "reason.endless": "Den tar ikke serier uten slutt.",
        "reason.too_many_occurrences": "En serie kan ha høyst {most} ganger.",
        "reason.working_hours": "Det er stengt da: {when}.",
        "reason.max_attendees": "Den tar høyst {most} personer.",
        "reason.beyond_horizon": "Den kan bare bestilles til {until}.",
        "reason.too_long": "En bestilling kan vare høyst 400 dager.",
        "reason.no_occurrence": "Serien har ingen ganger.",
        "reason.unknown_occurrence": "Serien har ingen gang på den tiden.",
        "reason.invalid": "Innkallingen har en feil i {property}: {problem}.",
        "reason.limit": "Innkallingen er for stor: {problem}.",
        "subject.REQUEST": "{summary}",
        "subject.CANCEL": "Avlyst: {summary}",
        "resent": "Du spurte etter denne avtalen; her er den på nytt.",
        **TEXTS,
        "duration.days": "{count} dager",
        "duration.hours": "{count} timer",
        "duration.minutes": "{count} minutter",
        "subject.COUNTER": "Ny tid foreslått: {summary}",
        "subject.DELEGATED": "Delegert: {summary}",
        "subject.PENDING": "Foreløpig: {summary}",
        "subject.WAITING": "Foreløpig: {summary}",
        "subject.APPROVAL": "Vennligst avgjør: {summary}",
        "subject.REMINDER": "Sjekk inn: {summary}",
        "several": "{count} ganger, første gang {first}, siste gang {last}",
        "pending": (
            "{resource} venter på godkjenning: {when}. En ny e-post forteller hvordan det gikk."
        ),
        "waiting": (
            "{resource} er ikke ledig da, og denne forespørselen er nummer {place} på "
            "ventelisten: {when}."
        ),
        "proposed": (
            "{resource} er ikke ledig som ønsket: {asked}. Den kan bestilles i stedet: "
            "{proposed}."
        ),
        "held_until": (
            "Den tiden holdes av for deg til {until}; send avtalen med den for å bestille."
        ),
        "not_held": "Den tiden holdes ikke av; send avtalen med den for å bestille.",
        "delegated": "{resource} deltar ikke selv; {delegate} er bedt om å steppe inn.",
        "stands_in": "{resource} er bestilt; {delegate} deltar i stedet.",
        "approval.asked": "{who} ber om {resource}: {what}, {when}.",
        "approval.reason": "Den trenger ditt ord på grunn av: {reason}.",
        "approval.how": (
            "Svar på denne e-posten med ordet accept eller decline på første linje, gjerne "
            "fulgt av en kommentar; eller kjør: horarium approval accept {id}"
        ),
        "approval.late": "Svaret ditt kom for sent: {by} har allerede avgjort, {at}.",
        "approval.gone": (
            "Forespørselen du svarte på, er endret eller avsluttet; svaret ditt avgjorde "
            "ingenting."
        ),
        "approval.not_free": "Forespørselen du godkjente, kunne likevel ikke bestilles: {reason}",
        "reminder": (
            "Vennligst sjekk inn: {resource} er bestilt for deg, {when}. Uten det frigis den "
            "{until}."
        ),
        "reason.no_quota": "Du har ingen tildeling for denne ressursen.",
        "reason.quota": (
            "Tildelingen din er brukt opp: {limit} i alt, {used} brukt, {asked} ønsket."
        ),
        "reason.endless_needs_unlimited": "En serie uten slutt trenger en ubegrenset tildeling.",
        "reason.already_holds_related": "Du har allerede {held} på den tiden: {when}.",
        "reason.pool_full": "Ingen av ressursene som kan steppe inn, er ledig da.",
        "reason.off_grid": (
            "Den bestilles bare på visse klokkeslett, og denne serien kan ikke flyttes til dem."
        ),
        "reason.not_permitted": "Du er ikke blant dem hvis forespørsler den tar.",
        "reason.not_approved": "Forespørselen ble ikke godkjent.",
        "reason.approval_timeout": "Ingen godkjente forespørselen i tide.",
        "reason.waiting_ended": "Tiden ble ikke ledig.",
        "reason.too_many_waiting": "Du har allerede {most} forespørsler som venter.",
        "reason.not_checked_in": "Ingen sjekket inn, så tiden ble frigitt.",
        "reason.withdrawn": "Bestillingen ble trukket tilbake av den ansvarlige.",
        "duration.hours_minutes": "{hours} timer {minutes} minutter",
    },
)  # fmt: skip
