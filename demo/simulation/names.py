"""Given names, family names and places that simulated people are made of."""

from typing import Final

GIVEN_NAMES: Final = (
    *("Maria", "James", "Linda", "Robert", "Patricia", "Michael", "Barbara", "William", "Elena", "David", "Susan"),
    *("Richard", "Jessica", "Joseph", "Sarah", "Thomas", "Karen", "Carlos", "Nancy", "Daniel", "Lisa", "Matthew"),
    *("Betty", "Anthony", "Margaret", "Mark", "Sandra", "Donald", "Ashley", "Steven", "Kimberly", "Paul", "Emily"),
    *("Andrew", "Donna", "Joshua", "Michelle", "Kenneth", "Carol", "Kevin", "Amanda", "Brian", "Dorothy", "George"),
    *("Melissa", "Timothy", "Deborah", "Ronald", "Stephanie", "Jason", "Rebecca", "Edward", "Sharon", "Jeffrey"),
    *("Laura", "Ryan", "Cynthia", "Jacob", "Mei", "Nicholas", "Amy", "Priya", "Omar", "Fatima", "Hiroshi", "Chloe"),
)
FAMILY_NAMES: Final = (
    *("Smith", "Johnson", "Williams", "Brown", "Jones", "Garcia", "Miller", "Davis", "Rodriguez", "Martinez"),
    *("Hernandez", "Lopez", "Gonzalez", "Wilson", "Anderson", "Thomas", "Taylor", "Moore", "Jackson", "Martin"),
    *("Lee", "Perez", "Thompson", "White", "Harris", "Sanchez", "Clark", "Ramirez", "Lewis", "Robinson", "Walker"),
    *("Young", "Allen", "King", "Wright", "Scott", "Torres", "Nguyen", "Hill", "Flores", "Green", "Adams", "Nelson"),
    *("Baker", "Hall", "Rivera", "Campbell", "Mitchell", "Carter", "Roberts", "Gomez", "Phillips", "Evans", "Turner"),
    *("Diaz", "Parker", "Cruz", "Edwards", "Collins", "Reyes", "Stewart", "Morris", "Morales", "Murphy", "Cook"),
    *("Rogers", "Gutierrez", "Ortiz", "Morgan", "Cooper", "Peterson", "Bailey", "Reed", "Kelly", "Howard", "Ramos"),
    *("Kim", "Cox", "Ward", "Richardson", "Watson", "Brooks", "Chavez", "Wood", "Bennett", "Gray", "Mendoza", "Patel"),
)
PLACES: Final = (
    *(("Cincinnati", "45202"), ("Cincinnati", "45219"), ("Columbus", "43215"), ("Dayton", "45402")),
    *(("Toledo", "43604"), ("Covington", "41011"), ("Louisville", "40202"), ("Lexington", "40507")),
    *(("Indianapolis", "46204"), ("Fort Wayne", "46802"), ("Hamilton", "45011"), ("Florence", "41042")),
)
AREA_CODES: Final = (
    *("513", "937", "614", "740", "419", "502", "859", "317", "260", "812", "765", "216", "330", "440", "606", "270"),
    *("574", "219", "234", "567", "220", "463", "930", "380", "326"),
)
