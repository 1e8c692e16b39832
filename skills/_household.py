"""What people put on shopping lists, as they say it there (plural, or as an uncounted thing)."""

ITEMS = tuple(
    name.strip()
    for name in """
    milk; eggs; bread; butter; cheese; apples; bananas; tomatoes; potatoes; onions; rice; pasta;
    sugar; salt; flour; coffee; tea; water; juice; beer; wine; chicken; fish; soap; toilet paper;
    paper towels; orange juice; olive oil; cereal; yogurt; carrots; batteries; dog food; cat food;
    chocolate; toothpaste; light bulbs; oranges; lemons; limes; grapes; pears; peaches; plums;
    strawberries; blueberries; raspberries; cherries; melons; pineapple; mangoes; avocados;
    kiwis; apple juice; lettuce; spinach; cucumbers; peppers; mushrooms; garlic; ginger; broccoli;
    cauliflower; cabbage; celery; corn; peas; beans; green beans; lentils; zucchini;
    eggplant; pumpkin; asparagus; leeks; radishes; sweet potatoes; salad; parsley; basil; mint;
    beef; pork; lamb; turkey; ham; bacon; sausages; ground beef; steak; salmon; tuna; shrimp;
    tofu; hummus; cream; sour cream; cream cheese; cottage cheese; margarine; ice cream; oat milk;
    almond milk; chocolate milk; rolls; bagels; toast; crackers; cookies; cake; chips; popcorn;
    candy; nuts; almonds; walnuts; peanuts; peanut butter; jam; honey; maple syrup; ketchup;
    mustard; mayonnaise; vinegar; soy sauce; tomato sauce; tomato soup; chicken soup; soup;
    noodles; spaghetti; oatmeal; oats; granola; yeast; baking powder; vanilla; cinnamon;
    pepper; black pepper; sunflower oil; vegetable oil; frozen pizza; pizza; fish fingers;
    mac and cheese; soda; lemonade; sparkling water; mineral water; red wine; white wine; green tea;
    shampoo; conditioner; deodorant; toothbrushes; razors; shaving cream; tissues; napkins; sponges;
    dish soap; hand soap; detergent; laundry detergent; bleach; trash bags; garbage bags;
    aluminum foil; plastic wrap; diapers; baby food; wipes; cat litter; candles; matches; stamps;
    pens; tape; glue; nails; screws; paint; soil; flowers; seeds
    """.replace("\n", " ").split(";")
)
LISTS = ("hardware", "to do", "grocery", "shopping", "party", "packing", "christmas", "holiday")
