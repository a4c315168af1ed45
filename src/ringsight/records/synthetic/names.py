"""Invented people's names, streets and employers: common words, combined at random."""

WOMEN = (
    "Ada", "Aisha", "Alba", "Amara", "Anna", "Bea", "Carla", "Celia", "Chiara", "Clara", "Dana", "Dora", "Edith",
    "Elena", "Elif", "Emma", "Esra", "Eva", "Fatima", "Flora", "Freya", "Gita", "Grace", "Hana", "Helen", "Ida",
    "Ines", "Irene", "Iris", "Jana", "Julia", "Karin", "Lara", "Leila", "Lena", "Lina", "Lucia", "Mara", "Maria",
    "Marta", "Maya", "Mei", "Mina", "Nadia", "Nina", "Nora", "Olga", "Petra", "Rania", "Rosa", "Ruth", "Sara",
    "Selma", "Sofia", "Tara", "Tessa", "Vera", "Wanda", "Yara", "Zoe",
)  # fmt: skip
MEN = (
    "Adam", "Ahmed", "Aldo", "Alex", "Amir", "Anton", "Arne", "Bela", "Bruno", "Carl", "Cem", "Dario", "David",
    "Denis", "Edgar", "Elias", "Emil", "Enzo", "Erik", "Felix", "Finn", "Georg", "Hamid", "Hans", "Hugo", "Ibrahim",
    "Igor", "Ivan", "Jan", "Jonas", "Josef", "Juan", "Karim", "Karl", "Kenji", "Leo", "Luca", "Luis", "Marco",
    "Mateo", "Max", "Milan", "Murat", "Niels", "Noah", "Omar", "Oscar", "Otto", "Pablo", "Paul", "Pedro", "Rafael",
    "Rami", "Ravi", "Remo", "Robert", "Samir", "Simon", "Tariq", "Theo", "Tomas", "Viktor", "Wim", "Yusuf",
)  # fmt: skip
FIRST_NAMES = {"f": WOMEN, "m": MEN}
SURNAMES = (
    "Abel", "Adler", "Aksoy", "Alvarez", "Amado", "Arslan", "Bachmann", "Baker", "Barros", "Becker", "Bell", "Berger",
    "Bianchi", "Blum", "Bosch", "Brandt", "Bruni", "Cano", "Carter", "Castro", "Cerny", "Chen", "Cohen", "Conti",
    "Costa", "Cruz", "Dahl", "Demir", "Diaz", "Dietz", "Dubois", "Duran", "Eder", "Ekman", "Engel", "Fabre", "Farah",
    "Ferrari", "Fiala", "Fischer", "Fontana", "Frank", "Fuchs", "Gallo", "Garcia", "Gerber", "Gomez", "Graf", "Greco",
    "Gruber", "Haas", "Hahn", "Hansen", "Hart", "Hassan", "Heller", "Horvat", "Huber", "Ito", "Jansen", "Jensen",
    "Jung", "Kaiser", "Kaya", "Keller", "Khan", "Klein", "Koch", "Kovac", "Kraus", "Kumar", "Lang", "Larsen",
    "Laurent", "Lehner", "Lind", "Lopez", "Lorenz", "Lutz", "Maier", "Marin", "Martin", "Mason", "Mayer", "Meier",
    "Mendes", "Meyer", "Moller", "Mora", "Moreau", "Moser", "Muller", "Nagy", "Navarro", "Neri", "Nilsen", "Novak",
    "Ober", "Okafor", "Olsen", "Orban", "Osman", "Ott", "Park", "Patel", "Peeters", "Pereira", "Petit", "Pinto",
    "Popov", "Pohl", "Prieto", "Rahman", "Ramos", "Reyes", "Ricci", "Richter", "Riva", "Rossi", "Roth", "Rubio",
    "Russo", "Salem", "Sanchez", "Santos", "Sato", "Sauer", "Schmid", "Scholz", "Serra", "Silva", "Simic", "Singh",
    "Sommer", "Soto", "Stein", "Stark", "Svensson", "Tanaka", "Toth", "Turner", "Unger", "Urban", "Vega", "Vidal",
    "Vogel", "Volk", "Wagner", "Walsh", "Weber", "Weiss", "Wirth", "Wolf", "Yilmaz", "Young", "Zimmer",
)  # fmt: skip
STREETS = (
    "Acorn", "Alder", "Anchor", "Ash", "Beech", "Birch", "Bridge", "Brook", "Canal", "Castle", "Cedar", "Chapel",
    "Cherry", "Church", "Clay", "Cliff", "Clover", "Copper", "Court", "Cross", "Dale", "Elm", "Fern", "Field",
    "Forge", "Garden", "Gate", "Glen", "Grove", "Harbour", "Hazel", "Heath", "High", "Hill", "Holly", "Ivy", "Lake",
    "Lark", "Laurel", "Linden", "Maple", "Market", "Meadow", "Mill", "Moss", "North", "Oak", "Orchard", "Park",
    "Pine", "Poplar", "Quarry", "Rose", "School", "South", "Spring", "Station", "Stone", "Tower", "Vale", "Victoria",
    "Walnut", "Water", "Well", "West", "Willow",
)  # fmt: skip
STREET_KINDS = (
    "Street", "Road", "Lane", "Avenue", "Close", "Square",
)  # fmt: skip
EMPLOYER_NAMES = (
    "Arden", "Borea", "Cardo", "Delfin", "Estra", "Fjord", "Galen", "Helio", "Indra", "Juno", "Kestrel", "Lumen",
    "Marlow", "Nova", "Orion", "Prisma", "Quarto", "Rondo", "Sable", "Tessel", "Umbra", "Verano", "Wexford", "Xenia",
    "Yarrow", "Zephyr",
)  # fmt: skip
EMPLOYER_KINDS = (
    "Logistics", "Foods", "Textiles", "Clinic", "Works", "Systems", "Transport", "Schools", "Retail", "Cleaning",
    "Energy", "Hotels",
)  # fmt: skip
