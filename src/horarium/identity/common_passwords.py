"""Passwords that everybody tries first: those of at least eight characters.

Our own list, written for this program: keyboard walks, digits in a row, and the words, names and
phrases that every analysis of leaked passwords names first, with their usual endings. It stops
what is tried by hand or in the first thousand; the throttle and the cost of each try do the rest.
"""

from __future__ import annotations

SHORTEST = 8
_WORDS = """
password passwort passord parola motdepasse contrasena wachtwoord losenord salasana haslo
qwerty qwertz azerty asdfgh zxcvbn letmein welcome willkommen velkommen bienvenue
admin administrator administrador root guest user test tester testing demo default changeme
secret access master login horarium calendar office company computer internet server system
sunshine princess dragon monkey shadow football baseball basketball hockey soccer liverpool
chelsea arsenal barcelona juventus superman batman spiderman pokemon starwars michael jennifer
jordan charlie daniel thomas jessica ashley nicole andrew matthew joshua robert william
alexander christian sebastian summer winter spring autumn monday friday january december
london paris berlin oslo madrid moscow iloveyou loveme lovely flower butterfly chocolate
cheese cookie banana orange purple yellow silver golden diamond freedom whatever trustno
killer hunter ranger mustang harley ferrari mercedes porsche corvette
"""
_ENDINGS = (
    "", "1", "12", "123", "1234", "12345", "123456", "!", "1!", "123!", "01", "2000", "2010",
    "2015", "2020", "2021", "2022", "2023", "2024", "2025", "2026", "2027", "2028",
)  # fmt: skip
_OTHERS = """
12345678 123456789 1234567890 0123456789 12345678910 987654321 9876543210 87654321 11111111
00000000 22222222 33333333 44444444 55555555 66666666 77777777 88888888 99999999 1111111111
0000000000 12121212 12341234 11223344 1122334455 123123123 123321123 147258369 159753456
741852963 789456123 10203040 11112222 20202020 12344321 1234554321 01234567 13131313 69696969
qwertyuiop qwertyui qwerty12 qwerty123456 qwertzuiop azertyuiop asdfghjkl asdfghjk asdfasdf
asdf1234 zxcvbnm1 zxcvbnm123 1qaz2wsx 1qaz2wsx3edc 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y q1w2e3r4
q1w2e3r4t5 qazwsxedc qazwsx123 zaq12wsx zaq1zaq1 1qazxsw2 qweasdzxc qweqweqwe abcd1234 abcdefgh
abcdefghi abc12345 abc123456 a1b2c3d4 a1234567 a12345678 aa123456 aaaaaaaa xxxxxxxx zzzzzzzz
p@ssword p@ssw0rd p@ssw0rd1 passw0rd passw0rd1 pa55word pa$$word pa$$w0rd passpass pass1234
pass12345 admin123 adminadmin rootroot toortoor testtest usernamepassword mypassword newpassword
yourpassword thepassword password! iloveyou! iloveyou2 iloveyou3 letmeinnow opensesame
trustno1 trustno11 whatever1 correcthorsebatterystaple
jesuschrist godisgood blink182 metallica slipknot nirvana1 rockstar babygirl sweetheart
1password secret12 topsecret supersecret changeit changethis change_me change-me temp1234
temporary welcome1 welcome123 startfrei sommer2024 sommer2025 sommer2026 winter2025 winter2026
hunter22 monkey12 dragon12 football1 baseball1 superuser poiuytrewq lkjhgfdsa mnbvcxz1
"""
COMMON = frozenset(
    word
    for word in [
        *(word + ending for word in _WORDS.split() for ending in _ENDINGS),
        *_OTHERS.split(),
        "correct horse battery staple",
    ]
    if len(word) >= SHORTEST
)
